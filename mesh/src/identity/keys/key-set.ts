import { setTimeout as sleep } from 'node:timers/promises';
import type { CryptoKey } from 'jose';
import { request } from 'undici';
import { z } from 'zod';
import { SteadyClock } from '../../clock/index.ts';
import { describeError, Outage, type Logger } from '../../telemetry/index.ts';
import { importKey, publicJwk, type PublicJwk } from './signing-key.ts';
import { StateFile } from '../state-file.ts';

/** What `/.well-known/jwks.json` answers (RFC 7517 §5). */
export const jwks = z.object({ keys: z.array(publicJwk).min(1).max(20) });
export type Jwks = z.output<typeof jwks>;

/** The public keys that tokens are verified with. */
export interface KeySet {
  /** The key with this id, asking the auth service once more if it is not known here. */
  find(kid: string): Promise<CryptoKey | undefined>;
  /** Whether a key with this id is trusted at this moment. */
  has(kid: string): boolean;
  /** Ends the schedule. */
  close(): void;
}

/** Keys that are asked for. */
export interface FetchedKeySet extends KeySet {
  /** Asks the auth service at once; never fails. */
  refresh(): Promise<void>;
  /**
   * A trusted key was withdrawn: asks at once for what signs instead, and again for some seconds while the answer is
   * from before. Never fails.
   */
  replace(kid: string): Promise<void>;
}

/** Where auth publishes its keys. */
const jwksPath = '/.well-known/jwks.json';

/** How often the auth service is asked for its keys once it has answered, in milliseconds. */
const refreshEveryMs = 5 * 60_000;

/** And until then. */
const retryEveryMs = 5000;

/** How long after the end of one question for an unknown id another such id makes none, in milliseconds: whoever invents ids must not make traffic. */
const askAgainAfterMs = 10_000;

/** How long to wait before a withdrawn key is asked for again that is still published, in milliseconds; twice as long each time. */
const replaceAgainAfterMs = 50;

/** How often at most: all in all for 1.5 s. */
const mostReplaceQuestions = 6;

/** Longest wait for an answer, of however many endpoints, in milliseconds: a caller waits for it who has a few seconds. */
const longestQuestionMs = 2000;

/** How long an endpoint is waited for before the next one is asked too, in milliseconds. */
const patienceMs = 300;

/**
 * Makes the set of public keys: at first those of the environment, and those
 * that were fetched last before the process ended, so that a service starts
 * while auth is down; from then on what auth publishes, asked for at once and
 * every few minutes.
 *
 * @param options.url Where auth is, one endpoint or several, as `http://localhost:8000`; none for auth itself, whose environment has all keys.
 * @param options.stateDir Where the keys that were fetched last are kept. @default nowhere
 */
export async function createKeySet(options: {
  initial: readonly PublicJwk[];
  url?: string | readonly string[];
  stateDir?: string | undefined;
  /** A jump of its wall clock makes the set ask again. @default one of its own */
  clock?: SteadyClock;
  log: Logger;
}): Promise<FetchedKeySet> {
  const { url = [], stateDir, clock = new SteadyClock(), log } = options;
  const copy = stateDir === undefined ? undefined : new KeyCopy(stateDir, log);
  /** Each endpoint's, the one that answered last first. */
  const sources = [url].flat().map((endpoint) => new URL(jwksPath, endpoint).href);
  // In a copy is nothing newer than what auth itself says, and auth may not be there to say it.
  let keys = await importAll([...((await copy?.load()) ?? []), ...options.initial]);
  /** When a question for an unknown id was answered; others count for nothing, or an id would wait for the schedule. */
  let unknownAskedAt = -Infinity;
  let asking: Promise<void> | undefined;
  let replacing: Promise<void> | undefined;
  const outage = new Outage(log);
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const ask = async (): Promise<void> => {
    try {
      const answer = await askEach(sources);
      keys = answer.keys;
      sources.unshift(...sources.splice(sources.indexOf(answer.from), 1));
      outage.end({ url: answer.from }, 'the public keys can be fetched again');
      void copy?.keep(answer.published);
    } catch (error) {
      const reasons = error instanceof AggregateError ? error.errors : [error];
      const fields = { url: sources.join(', '), reason: reasons.map(describeError).join('; ') };
      outage.begin(fields, 'could not fetch the public keys; known keys stay in force');
    }
  };
  const refresh = (): Promise<void> => {
    if (sources.length === 0) return Promise.resolve();
    asking ??= ask().finally(() => {
      asking = undefined;
      clearTimeout(timer);
      if (!closed)
        timer = setTimeout(() => void refresh(), outage.away ? retryEveryMs : refreshEveryMs).unref();
    });
    return asking;
  };
  void refresh();
  const endJumps = sources.length > 0 ? clock.onJump(() => void refresh()) : () => {};

  const askFor = async (kid: string): Promise<void> => {
    await replacing;
    if (keys.has(kid)) return;
    if (asking === undefined && performance.now() - unknownAskedAt < askAgainAfterMs) return;
    await refresh();
    unknownAskedAt = performance.now();
  };
  const untilReplaced = async (kid: string): Promise<void> => {
    // One under way may be answered as of before.
    await asking;
    for (
      let waitMs = replaceAgainAfterMs, left = mostReplaceQuestions;
      keys.has(kid) && left > 0;
      left -= 1
    ) {
      await refresh();
      // The schedule goes on with it.
      if (outage.away || closed || !keys.has(kid)) return;
      await sleep(waitMs, undefined, { ref: false });
      waitMs *= 2;
    }
  };

  return {
    async find(kid) {
      if (!keys.has(kid)) await askFor(kid);
      return keys.get(kid);
    },
    has: (kid) => keys.has(kid),
    refresh,
    replace(kid) {
      const own = Promise.all([replacing, untilReplaced(kid)]).then(() => {
        if (replacing === own) replacing = undefined;
      });
      replacing = own;
      return own;
    },
    close() {
      closed = true;
      endJumps();
      clearTimeout(timer);
      outage.close();
    },
  };
}

type Answer = { from: string; keys: ReadonlyMap<string, CryptoKey>; published: readonly PublicJwk[] };

/**
 * Asks one after the other until one answers: the next when the one before it has failed, or takes its time. The first
 * good answer counts, and ends the other questions.
 *
 * @throws AggregateError with the reason of each.
 */
async function askEach(sources: readonly string[]): Promise<Answer> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(longestQuestionMs)]);
  // However many they are, the last one has half of the time.
  const waitMs = Math.min(patienceMs, longestQuestionMs / 2 / sources.length);
  const questions: Promise<Answer>[] = [];
  try {
    for (const from of sources) {
      const question = fetchKeys(from, signal);
      questions.push(question);
      const answer = await Promise.race([
        Promise.any(questions).catch(() => undefined),
        question.catch(() => undefined),
        sleep(waitMs, undefined, { signal: over.signal }),
      ]);
      if (answer) return answer;
    }
    return await Promise.any(questions);
  } finally {
    over.abort();
  }
}

async function fetchKeys(from: string, signal: AbortSignal): Promise<Answer> {
  const answer = await request(from, { signal });
  const body = await answer.body.json();
  if (answer.statusCode !== 200) throw new Error(`it answered ${answer.statusCode}`);
  const { keys: published } = jwks.parse(body);
  return { from, keys: await importAll(published), published };
}

/** The keys that were fetched last, on disk. */
class KeyCopy {
  readonly #file: StateFile;
  #kept = '';

  constructor(directory: string, log: Logger) {
    this.#file = new StateFile(directory, 'jwks.json', log);
  }

  /** None where there is no copy that can be used. */
  async load(): Promise<readonly PublicJwk[]> {
    const text = await this.#file.read();
    if (text === undefined) return [];
    try {
      const { keys } = jwks.parse(JSON.parse(text));
      this.#kept = text;
      return keys;
    } catch {
      this.#file.broken('it is not a set of public keys');
      return [];
    }
  }

  async keep(keys: readonly PublicJwk[]): Promise<void> {
    const text = `${JSON.stringify({ keys })}\n`;
    if (text !== this.#kept && (await this.#file.write([text]))) this.#kept = text;
  }
}

async function importAll(from: readonly PublicJwk[]): Promise<ReadonlyMap<string, CryptoKey>> {
  const imported = from.map(async (jwk) => [jwk.kid, await importKey(jwk)] as const);
  return new Map(await Promise.all(imported));
}
