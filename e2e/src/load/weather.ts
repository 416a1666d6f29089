import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '../hostile/random.ts';
import { noFault, random, type Fault, type FaultProxy } from '../fault-proxy/index.ts';

/** What befalls a connection, or what passes over it. */
const faults = [
  { kind: 'reset', when: 'at-once' },
  { kind: 'reset', when: 'before-the-answer' },
  { kind: 'truncate', bytes: 20 },
  { kind: 'truncate', bytes: 300 },
  { kind: 'half-open' },
  { kind: 'black-hole' },
  { kind: 'stall' },
  { kind: 'jitter', ms: 100, seed: 1 },
] as const;

/** How long each lasts at least, and at most, in milliseconds. */
const spellMs = { least: 200, most: 900 };

/** Faults that come and go. */
export interface Weather {
  /** Nothing is wrong any more when it resolves; what was lost stays lost. */
  end(): Promise<void>;
}

/**
 * Lets them come and go on a proxy: by chance for each connection, or for each
 * chunk on it. Every third time nobody listens for a moment, and what was
 * swallowed by a black hole is reset: those are short.
 *
 * @param seed The same one draws the same faults; which calls they meet is up to the clock.
 */
export function startWeather(proxy: FaultProxy, seed: number): Weather {
  const chance = createRandom(seed);
  const ending = new AbortController();
  const next = (n: number): { fault: Fault; ms: number } => {
    if (n % 3 === 2) return { fault: { kind: 'refuse' }, ms: 200 };
    const drawn = { seed: chance.below(2 ** 31), faults };
    const fault =
      n % 3 === 0
        ? random({ ...drawn, per: 'connection', share: 0.2 })
        : random({ ...drawn, per: 'chunk', share: 0.03 });
    return { fault, ms: spellMs.least + chance.below(spellMs.most - spellMs.least) };
  };
  const run = async (): Promise<void> => {
    for (let n = 0; !ending.signal.aborted; n++) {
      const { fault, ms } = next(n);
      await proxy.set(fault);
      await delay(ms, undefined, ending).catch(() => {}); // it has come to its end
    }
    // Once more, for those that would stay silent.
    await proxy.set({ kind: 'refuse' });
    await proxy.set(noFault);
  };
  const running = run();
  return {
    end() {
      ending.abort();
      return running;
    },
  };
}
