import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTestIdentity, type TestIdentity } from '../testing/index.ts';
import { leewayMs } from './claims.ts';
import { createAuthenticate, RevocationSet, type TokenKind } from './index.ts';
import { forge, now } from './testing/forge.ts';

// The times in a token, compared with a clock that is stopped at a whole second.

let ours: TestIdentity;
beforeEach(async () => {
  ours = await createTestIdentity();
  vi.useFakeTimers({ now: Math.ceil(Date.now() / 1000) * 1000, toFake: ['Date'] });
});
afterEach(() => void vi.useRealTimers());

type Claims = Readonly<Record<string, unknown>>;
type Way = (kind: TokenKind, claims: Claims, authenticate?: TestIdentity['authenticate']) => Promise<string>;

const outcomeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return 'OK';
  } catch (error) {
    return (error as Error).message.replace(/^The \w+ token is refused: /, '');
  }
};

/** As the caller's own credentials. */
const itself: Way = (kind, claims, authenticate = ours.authenticate) => {
  const scheme = kind === 'service' ? 'Service-Token' : 'Bearer';
  const authorization = `${scheme} ${forge(ours.jwk, { kind, claims })}`;
  return outcomeOf(() => authenticate({ authorization, userToken: undefined }));
};

/** As the user a service acts for. */
const actedFor: Way = async (_kind, claims, authenticate = ours.authenticate) => {
  const authorization = `Service-Token ${await ours.serviceToken('wiki')}`;
  const userToken = forge(ours.jwk, { kind: 'user', claims });
  return outcomeOf(() => authenticate({ authorization, userToken }));
};

describe.each<[string, TokenKind, Way]>([
  ['a service’s token', 'service', itself],
  ['a user’s token', 'user', itself],
  ['the token of the user acted for', 'user', actedFor],
])('%s', (_what, kind, present) => {
  test.each(['iat', 'nbf'])('may have its %s up to 60 s in the future', async (claim) => {
    const ahead = (seconds: number) => present(kind, { [claim]: now() + seconds, exp: now() + 900 });
    expect(await Promise.all([6, 30, 60].map(ahead))).toEqual(['OK', 'OK', 'OK']);
    expect(await Promise.all([61, 300, 3600].map(ahead))).toEqual(Array(3).fill('it is not yet valid'));
  });

  test('passes for less than 5 s after its exp', async () => {
    const late = (seconds: number) => present(kind, { iat: now() - 900, exp: now() - seconds });
    expect(await Promise.all([0, 4].map(late))).toEqual(['OK', 'OK']);
    expect(await Promise.all([5, 60].map(late))).toEqual(['it has expired', 'it has expired']);
  });
});

test.each(['jti', 'sid', 'kid'])(
  'one from the future is void as soon as its %s is revoked, and for as long as it could pass',
  async (id) => {
    const set = new RevocationSet();
    const authenticate = createAuthenticate(ours.keys, { revocations: set });
    const iat = now() + leewayMs / 1000;
    const claims = { jti: 'jti', sid: 'sid', iat, exp: iat + 900 };
    expect(await itself('user', claims, authenticate)).toBe('OK');
    // As auth records it: from the time of the revocation, which is before `iat`.
    const expiresAt = Date.now() + 900_000 + 2 * leewayMs;
    set.add([{ id: id === 'kid' ? ours.jwk.kid : id, expiresAt }]);
    for (let passed = 0; passed < 1000; passed += 50) {
      expect(await itself('user', claims, authenticate)).toMatch(/revoked|expired/);
      vi.setSystemTime(Date.now() + 50_000);
    }
    expect(await itself('user', claims, authenticate)).toBe('it has expired');
    set.close();
  },
);
