import { LRUCache } from 'lru-cache';
import type { SteadyClock } from '../clock/index.ts';
import { nobody, type Caller, type ServiceIdentity, type UserIdentity } from '../contract/index.ts';
import { MeshError } from '../wire/index.ts';
import { mostRemembered, type Authenticate, type Credentials } from './authenticate.ts';
import { longestToken } from './token-format.ts';

/**
 * The caller as a function says it. `expiresAt` is when the answer ends, in milliseconds since 1970; without one, it
 * holds for the one call. `tokenId` is only for revocations.
 */
export type IdentifiedCaller = Readonly<{
  service?: Partial<ServiceIdentity> & Pick<ServiceIdentity, 'name'>;
  user?: Partial<UserIdentity> & Pick<UserIdentity, 'id'>;
}>;

/**
 * Says who the caller with these credentials is; not called without credentials. `undefined` refuses them with
 * UNAUTHORIZED; so does a MeshError UNAUTHORIZED, with its message. Other errors are failures of this service.
 *
 * @example
 * const sessions = new Map([['a cookie', { userId: '7', expiresAt: Date.now() + 60_000 }]]);
 * const identify: IdentifyCaller = async ({ authorization = '' }) => {
 *   const session = sessions.get(authorization.replace(/^Bearer /, ''));
 *   return session && { user: { id: session.userId, expiresAt: session.expiresAt } };
 * };
 */
export type IdentifyCaller = (
  credentials: Credentials,
) => IdentifiedCaller | undefined | Promise<IdentifiedCaller | undefined>;

export interface IdentifyOptions {
  identify: IdentifyCaller;
  /** Longest time that an answer is kept, in milliseconds; a revoked token is accepted for as long. @default until its `expiresAt`, or not at all if it has none */
  cacheMs?: number | undefined;
  /** Most answers that are kept; beyond, the least recently used are forgotten. @default 10000 */
  most?: number | undefined;
}

type Known = Readonly<{ caller: Caller; until: number }>;

/** Makes the check of credentials of a function. Its answers are kept by the text of the credentials. @throws TypeError */
export function byFunction(
  { identify, cacheMs, most = mostRemembered }: IdentifyOptions,
  clock: SteadyClock,
): Authenticate {
  if (cacheMs !== undefined && !(cacheMs >= 0)) throw new TypeError('identity: cacheMs must be 0 or more');
  const known = new LRUCache<string, Known>({ max: most });
  const asking = new Map<string, Promise<Caller>>();
  let { epoch } = clock;

  const ask = async (text: string, credentials: Credentials): Promise<Caller> => {
    const found = await identify(credentials);
    if (!found || (!found.service && !found.user)) throw refused('The credentials are refused');
    const caller = callerOf(found);
    const expiresAt = Math.min(found.service?.expiresAt ?? Infinity, found.user?.expiresAt ?? Infinity);
    const now = clock.latest();
    if (expiresAt <= now) throw refused('The credentials have expired');
    const until = Math.min(expiresAt, now + (cacheMs ?? (expiresAt === Infinity ? 0 : Infinity)));
    if (until > now) known.set(text, { caller, until });
    return caller;
  };
  const askOnce = (text: string, credentials: Credentials): Promise<Caller> => {
    let asked = asking.get(text);
    if (!asked) {
      asked = ask(text, credentials).finally(() => asking.delete(text));
      asking.set(text, asked);
    }
    return asked;
  };

  return (credentials) => {
    const { authorization, userToken } = credentials;
    if (authorization === undefined && userToken === undefined) return nobody;
    if ((authorization?.length ?? 0) > longestToken || (userToken?.length ?? 0) > longestToken)
      return Promise.reject(refused('The credentials are too long'));
    if (clock.epoch !== epoch) {
      ({ epoch } = clock);
      known.clear();
    }
    // By the first: a header cannot contain a line break.
    const text = userToken === undefined ? (authorization ?? '') : `${authorization ?? ''}\n${userToken}`;
    const found = known.get(text);
    if (found && clock.latest() < found.until) return found.caller;
    return askOnce(text, credentials);
  };
}

function callerOf({ service, user }: IdentifiedCaller): Caller {
  return {
    service: service && { id: service.name, tokenId: '', expiresAt: Infinity, ...service },
    user: user && { name: user.id, role: 'user', tokenId: '', expiresAt: Infinity, ...user },
  };
}

function refused(message: string): MeshError {
  return new MeshError('UNAUTHORIZED', message);
}
