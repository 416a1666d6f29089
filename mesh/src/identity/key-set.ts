import type { CryptoKey } from 'jose';
import { request } from 'undici';
import { z } from 'zod';
import type { Logger } from '../telemetry/index.ts';
import { importKey, publicJwk, type PublicJwk } from './signing-key.ts';

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

/** Where auth publishes its keys. */
const jwksPath = '/.well-known/jwks.json';

/** How often the auth service is asked for its keys once it has answered, in milliseconds. */
const refreshEveryMs = 5 * 60_000;

/** And until then. */
const retryEveryMs = 5000;

/** How long after one question an unknown id makes no other, in milliseconds: whoever invents ids must not make traffic. */
const askAgainAfterMs = 10_000;

/**
 * Makes the set of public keys: at first those of the environment, so that a
 * service starts while auth is down; from then on what auth publishes, asked for at
 * once and every few minutes.
 *
 * @param options.url Where auth is, one endpoint or several, as `http://localhost:8000`; none for auth itself, whose environment has all keys.
 */
export async function createKeySet(options: {
  initial: readonly PublicJwk[];
  url?: string | readonly string[];
  log: Logger;
}): Promise<KeySet> {
  const { url = [], log } = options;
  /** Each endpoint's, the one that answered last first. */
  const sources = [url].flat().map((endpoint) => new URL(jwksPath, endpoint).href);
  let keys = await importAll(options.initial);
  let askedAt = -Infinity;
  let asking: Promise<void> | undefined;
  let answered = true;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  /** Asks one after the other until one answers. */
  const ask = async (): Promise<void> => {
    const reasons: string[] = [];
    for (const from of sources) {
      try {
        keys = await fetchKeys(from);
        sources.unshift(...sources.splice(sources.indexOf(from), 1));
        answered = true;
        return;
      } catch (error) {
        reasons.push(String(error));
      }
    }
    // Said once, not every five seconds.
    const say = answered ? log.warn : log.debug;
    answered = false;
    say.call(
      log,
      { url: sources.join(', '), reason: reasons.join('; ') },
      'the public keys could not be fetched; those known stay in force',
    );
  };
  const refresh = (): Promise<void> => {
    if (sources.length === 0) return Promise.resolve();
    askedAt = performance.now();
    asking ??= ask().finally(() => {
      asking = undefined;
      clearTimeout(timer);
      if (!closed) timer = setTimeout(() => void refresh(), answered ? refreshEveryMs : retryEveryMs).unref();
    });
    return asking;
  };
  void refresh();

  return {
    async find(kid) {
      if (!keys.has(kid) && performance.now() - askedAt >= askAgainAfterMs) await refresh();
      else if (!keys.has(kid) && asking) await asking;
      return keys.get(kid);
    },
    has: (kid) => keys.has(kid),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

async function fetchKeys(from: string): Promise<ReadonlyMap<string, CryptoKey>> {
  const answer = await request(from, { signal: AbortSignal.timeout(2000) });
  const body = await answer.body.json();
  if (answer.statusCode !== 200) throw new Error(`it answered ${answer.statusCode}`);
  return importAll(jwks.parse(body).keys);
}

async function importAll(from: readonly PublicJwk[]): Promise<ReadonlyMap<string, CryptoKey>> {
  const imported = from.map(async (jwk) => [jwk.kid, await importKey(jwk)] as const);
  return new Map(await Promise.all(imported));
}
