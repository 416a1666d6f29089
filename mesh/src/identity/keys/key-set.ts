import { setTimeout as sleep } from 'node:timers/promises';
import type { CryptoKey } from 'jose';
import { request, type Dispatcher } from 'undici';
import { z } from 'zod';
import { SteadyClock } from '../../clock/index.ts';
import { backoffMs } from '../../resilience/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Tls } from '../../tls/index.ts';
import { KeyRefresh } from './key-refresh.ts';
import { importKey, publicJwk, type PublicJwk } from './public-key.ts';
import { StateFile } from '../state-file.ts';

/**
 * Body of `/.well-known/jwks.json` (RFC 7517 §5).
 *
 * @example
 * const { keys } = jwks.parse(await (await fetch('http://auth:8000/.well-known/jwks.json')).json());
 */
export const jwks = z.object({ keys: z.array(publicJwk).min(1).max(20) });
export type Jwks = z.output<typeof jwks>;

/** The ids of trusted keys. */
export type TrustedKeys = Pick<ReadonlySet<string>, 'has'>;

/** The public keys that tokens are verified with. */
export interface KeySet {
  /** The key with this id. Fetches the keys again if it is unknown. */
  find(kid: string): Promise<CryptoKey | undefined>;
  /** The ids of the keys that are trusted now: the same object while it changes. */
  readonly trusted: TrustedKeys;
  /** Stops fetching keys. */
  close(): void;
}

/** Public keys fetched from auth. */
export interface FetchedKeySet extends KeySet {
  /** Fetches the keys now; never rejects. */
  refresh(): Promise<void>;
  /** Trusts further keys until auth has answered, whose keys replace all others. */
  trust(keys: readonly PublicJwk[]): Promise<void>;
  /**
   * Fetches the keys after a trusted key was withdrawn, and again for up to 1.5 s while the answer still has it. Never
   * rejects.
   */
  replace(kid: string): Promise<void>;
}

/** Path of auth's keys. */
const jwksPath = '/.well-known/jwks.json';

/** Fetches while a withdrawn key is still published, over 1.5 s. */
const replacement = { baseMs: 50, most: 6 };

/** Longest wait for an answer of any endpoint, in milliseconds: a call may be waiting for it. */
const longestQuestionMs = 2000;

/**
 * Makes the set of public keys. It starts with those of the environment and of
 * the local copy, so that a service can start while auth is down. They are
 * replaced by the keys that auth publishes, fetched at once and every five
 * minutes.
 *
 * @param options.url Endpoints of auth, for example `http://localhost:8000`; none for auth itself, whose environment has all keys.
 * @param options.stateDir Directory of the local copy. @default no copy is kept
 *
 * @example
 * const keys = await createKeySet({ initial: [], url: 'http://auth:8000', stateDir: '.data/shop', log });
 */
export async function createKeySet(options: {
  initial: readonly PublicJwk[];
  url?: string | readonly string[];
  stateDir?: string | undefined;
  /** For endpoints with https. @default as Node verifies them */
  tls?: Tls | undefined;
  /** After a jump of its wall clock the keys are fetched again. @default its own */
  clock?: SteadyClock;
  log: Logger;
}): Promise<FetchedKeySet> {
  const { url = [], stateDir, tls, clock = new SteadyClock(), log } = options;
  const copy = stateDir === undefined ? undefined : new KeyCopy(stateDir, log);
  /** URLs of the keys, the endpoint that answered last first. */
  const sources = [url].flat().map((endpoint) => new URL(jwksPath, endpoint).href);
  const keys = new Map(await importAll([...((await copy?.load()) ?? []), ...options.initial]));
  const add = (more: ReadonlyMap<string, CryptoKey>): void => {
    for (const [kid, key] of more) keys.set(kid, key);
  };
  let replacing: Promise<void> | undefined;
  let published = false;
  const fetching =
    sources.length === 0
      ? undefined
      : new KeyRefresh({
          async fetch() {
            const answer = await askEach(sources, tls);
            keys.clear();
            add(answer.keys);
            published = true;
            sources.unshift(...sources.splice(sources.indexOf(answer.from), 1));
            void copy?.keep(answer.published);
            return answer.from;
          },
          from: () => sources.join(', '),
          clock,
          log,
        });

  const askFor = async (kid: string): Promise<void> => {
    await replacing;
    if (!keys.has(kid)) await fetching?.refreshForUnknown();
  };
  const untilReplaced = async (kid: string): Promise<void> => {
    if (!fetching) return;
    // A fetch in progress may still return the withdrawn key.
    await fetching.asking;
    for (let fetches = 1; keys.has(kid) && fetches <= replacement.most; fetches += 1) {
      await fetching.refresh();
      // After a failure, the next scheduled fetch replaces it.
      if (fetching.away || fetching.closed || !keys.has(kid)) return;
      await sleep(backoffMs(fetches, replacement), undefined, { ref: false });
    }
  };

  return {
    async find(kid) {
      if (!keys.has(kid)) await askFor(kid);
      return keys.get(kid);
    },
    trusted: keys,
    refresh: async () => fetching?.refresh(),
    async trust(more) {
      const imported = await importAll(more);
      if (!published) add(imported);
    },
    replace(kid) {
      const own = Promise.all([replacing, untilReplaced(kid)]).then(() => {
        if (replacing === own) replacing = undefined;
      });
      replacing = own;
      return own;
    },
    close: () => fetching?.close(),
  };
}

type Answer = { from: string; keys: ReadonlyMap<string, CryptoKey>; published: readonly PublicJwk[] };

/**
 * Asks the endpoints in order, the next one as soon as the one before has failed or takes too long. The first good
 * answer is used, and the other requests are aborted.
 *
 * @throws AggregateError with the reason of each endpoint.
 */
async function askEach(sources: readonly string[], tls: Tls | undefined): Promise<Answer> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(longestQuestionMs)]);
  // The last endpoint has half of the time.
  const waitMs = longestQuestionMs / 2 / sources.length;
  const questions: Promise<Answer>[] = [];
  try {
    for (const from of sources) {
      const question = fetchKeys(from, { signal, ...(tls && { dispatcher: tls.dispatcher }) });
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

async function fetchKeys(
  from: string,
  options: { signal: AbortSignal; dispatcher?: Dispatcher },
): Promise<Answer> {
  const answer = await request(from, options);
  const body = await answer.body.json();
  if (answer.statusCode !== 200) throw new Error(`it answered ${answer.statusCode}`);
  const { keys: published } = jwks.parse(body);
  return { from, keys: await importAll(published), published };
}

/** The local copy of the keys fetched last. */
class KeyCopy {
  readonly #file: StateFile;
  #kept = '';

  constructor(directory: string, log: Logger) {
    this.#file = new StateFile(directory, 'jwks.json', log);
  }

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
