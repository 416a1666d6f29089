import { argon2Sync, randomBytes } from 'node:crypto';
import { nobody } from '@arcadium/mesh/contract';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createPasswordStore } from '../../stores/password-store.ts';
import {
  claimsOf,
  goodPassword,
  openAuth,
  outcomeOf,
  testPeer,
  type TestAuth,
} from '../../testing/service.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await openAuth();
});
afterAll(() => auth.close());

/** A hash of `goodPassword` with weaker parameters. */
function weakHash(): string {
  const nonce = randomBytes(16);
  const cost = { memory: 1024, passes: 1, parallelism: 1, tagLength: 32 };
  const tag = argon2Sync('argon2id', { message: Buffer.from(goodPassword), nonce, ...cost });
  const [salt, hash] = [nonce, tag].map((bytes) => bytes.toString('base64').replace(/=+$/, ''));
  return `$argon2id$v=19$m=1024,t=1,p=1$${salt}$${hash}`;
}

/** Gives a user a hash with the parameters of earlier versions. */
async function weaken(userId: string): Promise<string> {
  const passwordHash = weakHash();
  await auth.client.user.update({ where: { id: userId }, data: { passwordHash } });
  await auth.client.passwordHistory.updateMany({ where: { userId }, data: { passwordHash } });
  return passwordHash;
}

const storedHash = async (id: string) =>
  (await auth.client.user.findUniqueOrThrow({ where: { id } })).passwordHash;

describe('a log-in', () => {
  test('begins a session that knows where it began', async () => {
    const ann = await auth.newPerson();
    const at = auth.clock.now();
    expect(ann.refreshToken).toMatch(/^[\w-]{43}$/);
    expect(Date.parse(ann.sessionExpiresAt)).toBe(at.getTime() + 30 * 24 * 3_600_000);
    const { items } = await auth.call('sessions.list', ann.caller, undefined);
    expect(items).toEqual([
      {
        id: claimsOf(ann.accessToken).sid,
        createdAt: at.toISOString(),
        lastUsedAt: at.toISOString(),
        expiresAt: ann.sessionExpiresAt,
        address: testPeer.address,
        userAgent: testPeer.userAgent,
        current: true,
      },
    ]);
  });

  test('that fails is recorded with its reason, and without what was typed', async () => {
    const ann = await auth.newPerson();
    const typed = 'my-secret-password@example.com';
    await outcomeOf(auth.ask('sessions.login', { email: ann.email, password: 'not the right one' }));
    await outcomeOf(auth.ask('sessions.login', { email: typed, password: goodPassword }));
    expect((await auth.recorded(ann.id)).at(-1)).toEqual({
      event: 'session.login-failed',
      detail: { reason: 'wrong-password' },
    });
    expect(await auth.recorded('unknown')).toEqual([
      { event: 'session.login-failed', detail: { reason: 'unknown-address' } },
    ]);
    const [{ text }] = await auth.client.$queryRaw<[{ text: string }]>`
      SELECT string_agg(entry::text, ' ') AS text FROM audit_log AS entry`;
    expect(text).not.toContain('my-secret-password');
    expect(text).not.toContain('not the right one');
    expect(text).toContain(testPeer.address);
  });

  test('of a closed account is refused like a wrong password, and begins nothing', async () => {
    const ann = await auth.newPerson();
    await auth.client.user.update({ where: { id: ann.id }, data: { disabledAt: auth.clock.now() } });
    const before = await auth.client.session.count();
    const { email, password } = ann;
    expect(await outcomeOf(auth.ask('sessions.login', { email, password }))).toBe(
      'UNAUTHORIZED BAD_CREDENTIALS',
    );
    expect(await auth.client.session.count()).toBe(before);
    expect((await auth.recorded(ann.id)).at(-1)?.detail).toEqual({ reason: 'account-disabled' });
  });

  test('beyond the hundredth ends the oldest, also at two replicas at once', async () => {
    const ann = await auth.newPerson();
    const expiresAt = new Date(auth.clock.now().getTime() + 3_600_000);
    await auth.client.session.createMany({
      data: Array.from({ length: 98 }, (_, at) => ({
        userId: ann.id,
        createdAt: new Date(auth.clock.now().getTime() + at + 1),
        expiresAt,
      })),
    });
    auth.clock.advance(1000);
    const { email, password } = ann;
    const log = { email, password };
    await Promise.all([
      auth.call('sessions.login', nobody, log),
      auth.second.call('sessions.login', nobody, log),
      auth.call('sessions.login', nobody, log),
    ]);
    const active = await auth.client.session.findMany({
      where: { userId: ann.id, endedAt: null },
      orderBy: { createdAt: 'asc' },
    });
    expect(active).toHaveLength(100);
    expect(active.map(({ id }) => id)).not.toContain(ann.caller.user.sessionId);
    expect(
      await auth.client.tokenBlacklist.findUnique({ where: { jti: ann.caller.user.sessionId ?? '' } }),
    ).toMatchObject({ reason: 'too-many-sessions' });
    const { items } = await auth.call('sessions.list', ann.caller, undefined);
    expect(items).toHaveLength(100);
  });

  test.each([
    [{ email: 'x', password: goodPassword }],
    [{ email: 'ann@example.com', password: '' }],
    [{ email: 'ann@example.com', password: goodPassword, code: '12345' }],
    [{ email: 'ann@example.com', password: goodPassword, code: 'abcdefghijk' }],
  ])('with %j is refused, and nothing is written', async (input) => {
    const before = await auth.client.auditEntry.count();
    expect(await outcomeOf(auth.ask('sessions.login', input))).toBe('BAD_REQUEST');
    expect(await auth.client.auditEntry.count()).toBe(before);
  });
});

describe('a hash of other parameters', () => {
  test('is made anew by a log-in, and the password stays the same', async () => {
    const ann = await auth.newPerson();
    const weak = await weaken(ann.id);
    const credentials = { email: ann.email, password: ann.password };
    const both = [auth, auth.second].map(({ call }) => call('sessions.login', nobody, credentials));
    expect(await Promise.all(both)).toHaveLength(2);
    await vi.waitFor(async () => expect(await storedHash(ann.id)).toMatch(/m=19456,t=2,p=1/), 10_000);
    const history = await auth.client.passwordHistory.findMany({ where: { userId: ann.id } });
    expect(history.map(({ passwordHash }) => passwordHash)).not.toContain(weak);
    expect(await outcomeOf(auth.ask('sessions.login', credentials))).toBe('done');
  });

  test('stays as it is when the password was wrong', async () => {
    const ann = await auth.newPerson();
    const weak = await weaken(ann.id);
    await outcomeOf(auth.ask('sessions.login', { email: ann.email, password: 'not the right one' }));
    expect(await storedHash(ann.id)).toBe(weak);
  });

  test('is not put over a password that was changed meanwhile', async () => {
    const ann = await auth.newPerson();
    const weak = await weaken(ann.id);
    const now = await auth.call('users.changePassword', ann.caller, {
      currentPassword: ann.password,
      newPassword: 'eleven purple elephants',
    });
    expect(now).toEqual({ sessionsEnded: 0 });
    const changed = await storedHash(ann.id);
    await createPasswordStore(auth.client).upgrade(ann.id, weak, 'the hash of the former password');
    expect(await storedHash(ann.id)).toBe(changed);
  });
});
