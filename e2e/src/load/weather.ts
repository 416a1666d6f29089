import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '../hostile/random.ts';
import { noFault, random, type Fault, type FaultProxy } from '../fault-proxy/index.ts';

/** Faults of connections or of their chunks. */
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

/** Shortest and longest duration of each, in milliseconds. */
const spellMs = { least: 200, most: 900 };

/** Faults that come and go. */
export interface Weather {
  /** Ends all faults; lost bytes stay lost. */
  end(): Promise<void>;
}

/**
 * Changes the faults of a proxy at random, for each connection or each chunk. Every third time connections
 * are refused for a moment, and those that lost bytes in a black hole are reset: these phases are short.
 *
 * @param seed The same seed gives the same faults; which calls they affect depends on timing.
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
      await delay(ms, undefined, ending).catch(() => {}); // it has ended
    }
    // Once more, for connections that would stay silent.
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
