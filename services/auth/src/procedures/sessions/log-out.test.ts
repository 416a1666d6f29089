import { afterAll, beforeAll, expect, test } from 'vitest';
import { nobody } from '@arcadium/mesh/contract';
import { callerOf, openAuth, outcomeOf, type TestAuth } from '../../testing/service.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await openAuth();
});
afterAll(() => auth.close());

const sessionsOf = async (person: Parameters<typeof callerOf>[0]) =>
  (await auth.call('sessions.list', callerOf(person), undefined)).items;
const reasonsOf = async (ids: (string | undefined)[]) => {
  const rows = await auth.client.tokenBlacklist.findMany({
    where: { jti: { in: ids.filter((id) => id !== undefined) } },
  });
  return rows.map(({ reason }) => reason);
};

test('a log-out ends the session, of whatever age the refresh token, and its access tokens', async () => {
  const ann = await auth.newPerson();
  const next = await auth.ask('sessions.refresh', { refreshToken: ann.refreshToken });
  const other = await auth.ask('sessions.login', { email: ann.email, password: ann.password });
  expect(await auth.ask('sessions.logout', { refreshToken: ann.refreshToken })).toEqual({});
  expect(await outcomeOf(auth.ask('sessions.refresh', { refreshToken: next.refreshToken }))).toBe(
    'UNAUTHORIZED SESSION_ENDED',
  );
  expect(await reasonsOf([ann.caller.user.sessionId])).toEqual(['logged-out']);
  expect((await sessionsOf(other)).map(({ id, current }) => [id, current])).toEqual([
    [callerOf(other).user.sessionId, true],
  ]);
});

test('a log-out of nothing, or again, answers the same and writes nothing', async () => {
  const ann = await auth.newPerson();
  await auth.ask('sessions.logout', { refreshToken: ann.refreshToken });
  const before = [await auth.client.auditEntry.count(), await auth.client.tokenBlacklist.count()];
  expect(await auth.ask('sessions.logout', { refreshToken: ann.refreshToken })).toEqual({});
  expect(await auth.ask('sessions.logout', { refreshToken: 'x'.repeat(43) })).toEqual({});
  expect([await auth.client.auditEntry.count(), await auth.client.tokenBlacklist.count()]).toEqual(before);
});

test('a log-out from everywhere ends all sessions of one user, and nobody else’s', async () => {
  const [ann, ben] = [await auth.newPerson(), await auth.newPerson()];
  const other = await auth.ask('sessions.login', { email: ann.email, password: ann.password });
  const ids = [ann.caller.user.sessionId, callerOf(other).user.sessionId];
  const answers = await Promise.allSettled(
    [auth, auth.second].map(({ call }) => call('sessions.logoutAll', ann.caller, undefined)),
  );
  // The second waits for the first, which has also ended the second's session.
  expect(answers).toContainEqual({ status: 'fulfilled', value: { sessionsEnded: 2 } });
  expect(answers).toContainEqual({
    status: 'rejected',
    reason: expect.objectContaining({ code: 'UNAUTHORIZED' }),
  });
  expect(await reasonsOf(ids)).toEqual(['logged-out', 'logged-out']);
  expect(await sessionsOf(ann)).toEqual([]);
  expect(await sessionsOf(ben)).toHaveLength(1);
  expect((await auth.recorded(ann.id)).filter(({ event }) => event === 'session.ended')).toHaveLength(2);
});

test('the list has the one used last first, and what expired no more', async () => {
  const ann = await auth.newPerson();
  auth.clock.advance(1000);
  const second = await auth.ask('sessions.login', { email: ann.email, password: ann.password });
  auth.clock.advance(1000);
  await auth.ask('sessions.refresh', { refreshToken: ann.refreshToken });
  const items = await sessionsOf(second);
  expect(items.map(({ id, current }) => [id, current])).toEqual([
    [ann.caller.user.sessionId, false],
    [callerOf(second).user.sessionId, true],
  ]);
  auth.clock.advance(30 * 24 * 3_600_000 - 1500);
  expect(await sessionsOf(second)).toHaveLength(1);
});

test.each(['sessions.list', 'sessions.logoutAll'] as const)('%s wants a user', async (path) => {
  expect(await outcomeOf(auth.call(path, nobody, undefined))).toBe('UNAUTHORIZED');
});
