import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { callerOf, claimsOf, openAuth, outcomeOf, type TestAuth } from '../../testing/service.ts';

let auth: TestAuth;
let root: Awaited<ReturnType<TestAuth['newPerson']>>;
beforeAll(async () => {
  auth = await openAuth();
});
afterAll(() => auth.close());
beforeEach(async () => {
  await auth.client.user.updateMany({ data: { role: 'user', disabledAt: null } });
  root = await auth.newPerson({ name: 'Root', role: 'admin' });
});

const refresh = (refreshToken: string) => outcomeOf(auth.ask('sessions.refresh', { refreshToken }));
const logIn = ({ email, password }: { email: string; password: string }) =>
  auth.ask('sessions.login', { email, password });
const whyVoid = async (sid: string | undefined) =>
  (await auth.client.tokenBlacklist.findUnique({ where: { jti: sid ?? '' } }))?.reason;

test('a role is in the tokens of the next log-in, and no token of the old one lives on', async () => {
  const ann = await auth.newPerson();
  const changed = await auth.call('users.setRole', root.caller, { id: ann.id, role: 'admin' });
  expect(changed).toMatchObject({ id: ann.id, role: 'admin' });
  expect(await refresh(ann.refreshToken)).toBe('UNAUTHORIZED SESSION_ENDED');
  expect(await whyVoid(ann.caller.user.sessionId)).toBe('role-changed');
  expect(claimsOf((await logIn(ann)).accessToken).role).toBe('admin');
  expect(await auth.recorded(ann.id)).toContainEqual({
    event: 'account.role-changed',
    detail: { from: 'user', to: 'admin' },
  });
});

/** `role_since` in the tokens of the next log-in, in milliseconds since 1970. */
const roleSince = async (person: { email: string; password: string }) =>
  claimsOf((await logIn(person)).accessToken).role_since * 1000;

test('tokens say since when: from the opening of the account, until the role is another', async () => {
  const ann = await auth.newPerson();
  expect(claimsOf(ann.accessToken).role_since * 1000).toBe(auth.clock.now().getTime());
  await auth.call('users.setRole', root.caller, { id: ann.id, role: 'user' });
  expect(await roleSince(ann)).toBe(auth.clock.now().getTime());
});

test.each([
  [
    'by an administrator',
    async (id: string) => void (await auth.call('users.setRole', root.caller, { id, role: 'admin' })),
  ],
  [
    'by an operator, past the service',
    async (id: string) =>
      void (await auth.client.$executeRaw`
      UPDATE users SET role = 'admin', disabled_at = NULL WHERE id = ${id}::uuid`),
  ],
  [
    'a second time',
    async (id: string) => {
      for (const role of ['admin', 'user', 'admin'] as const)
        await auth.call('users.setRole', root.caller, { id, role });
    },
  ],
])('tokens say since when, where somebody was made an administrator %s', async (_how, give) => {
  const ann = await auth.newPerson();
  const before = Date.now();
  await give(ann.id);
  const since = await roleSince(ann);
  expect(since).toBeGreaterThanOrEqual(before);
  expect(since).toBeLessThanOrEqual(Date.now());
  // Other changes of an account do not count as a change of role.
  const again = await logIn(ann);
  await auth.call('users.update', callerOf(again), { name: 'Anna' });
  const next = await auth.ask('sessions.refresh', { refreshToken: again.refreshToken });
  expect(claimsOf(next.accessToken)).toMatchObject({ name: 'Anna', role_since: since / 1000 });
});

test('the role that somebody has already changes nothing', async () => {
  const ann = await auth.newPerson();
  const before = await auth.recorded(ann.id);
  await auth.call('users.setRole', root.caller, { id: ann.id, role: 'user' });
  expect(await refresh(ann.refreshToken)).toBe('done');
  expect(await auth.recorded(ann.id)).toEqual(before);
});

test('a closed account loses its sessions and cannot log in, until it is opened again', async () => {
  const ann = await auth.newPerson();
  const closed = await auth.call('users.disable', root.caller, { id: ann.id });
  expect(closed.disabledAt).toBe(auth.clock.now().toISOString());
  expect(await refresh(ann.refreshToken)).toBe('UNAUTHORIZED SESSION_ENDED');
  expect(await whyVoid(ann.caller.user.sessionId)).toBe('account-disabled');
  expect(await outcomeOf(logIn(ann))).toBe('UNAUTHORIZED BAD_CREDENTIALS');
  expect(await auth.call('users.disable', root.caller, { id: ann.id })).toEqual(closed);

  expect(await auth.call('users.enable', root.caller, { id: ann.id })).toMatchObject({ disabledAt: null });
  await auth.call('users.enable', root.caller, { id: ann.id });
  expect(await outcomeOf(logIn(ann))).toBe('done');
  expect(await refresh(ann.refreshToken)).toBe('UNAUTHORIZED SESSION_ENDED');
  const events = (await auth.recorded(ann.id)).map(({ event }) => event);
  expect(events.filter((event) => event === 'account.disabled')).toHaveLength(1);
  expect(events.filter((event) => event === 'account.enabled')).toHaveLength(1);
});

test('a log-in at the moment of the closing gets no session that goes on', async () => {
  const ann = await auth.newPerson();
  await Promise.all([
    auth.call('users.disable', root.caller, { id: ann.id }),
    ...Array.from({ length: 8 }, () => outcomeOf(logIn(ann))),
  ]);
  expect(await auth.client.session.count({ where: { userId: ann.id, endedAt: null } })).toBe(0);
});

test('the last administrator stays one, and cannot be closed; who is closed does not count', async () => {
  const gone = await auth.newPerson({ role: 'admin' });
  await auth.call('users.disable', root.caller, { id: gone.id });
  const before = [await auth.client.auditEntry.count(), await auth.client.tokenBlacklist.count()];
  const last = 'CONFLICT LAST_ADMINISTRATOR';
  expect(await outcomeOf(auth.call('users.setRole', root.caller, { id: root.id, role: 'user' }))).toBe(last);
  expect(await outcomeOf(auth.call('users.disable', root.caller, { id: root.id }))).toBe(last);
  expect([await auth.client.auditEntry.count(), await auth.client.tokenBlacklist.count()]).toEqual(before);
  expect(await refresh(root.refreshToken)).toBe('done');
});

test('of administrators who dismiss one another at once, at two replicas, no dismissed one dismisses another', async () => {
  const others = await Promise.all(Array.from({ length: 5 }, () => auth.newPerson({ role: 'admin' })));
  const all = [root, ...others];
  const outcomes = await Promise.all(
    all.map(({ caller }, at) => {
      const { call } = at % 2 ? auth : auth.second;
      const id = all[(at + 1) % all.length]?.id ?? '';
      return outcomeOf(
        at % 3 === 0
          ? call('users.disable', caller, { id })
          : call('users.setRole', caller, { id, role: 'user' }),
      );
    }),
  );
  const left = await auth.client.user.findMany({ where: { role: 'admin', disabledAt: null } });
  const isLeft = all.map(({ id }) => left.some((one) => one.id === id));
  // Each demotes the next in a circle: the one left was not demoted, and has demoted the next.
  expect(outcomes).toEqual(
    isLeft.map((is) => (is ? 'done' : expect.stringMatching(/^(done|UNAUTHORIZED)$/))),
  );
  const done = outcomes.filter((outcome) => outcome === 'done');
  expect(left).toHaveLength(all.length - done.length);
  expect(left.length).toBeGreaterThan(0);
});

test.each(['users.setRole', 'users.disable', 'users.enable'] as const)(
  '%s is for administrators, wants an id of somebody, and otherwise writes nothing',
  async (path) => {
    const ann = await auth.newPerson();
    const before = await auth.client.auditEntry.count();
    const ask = (who: typeof ann, id: string) =>
      outcomeOf(auth.call(path, who.caller, path === 'users.setRole' ? { id, role: 'admin' } : { id }));
    expect(await ask(ann, ann.id)).toBe('FORBIDDEN');
    expect(await ask(root, 'ann')).toBe('BAD_REQUEST');
    expect(await ask(root, randomUUID())).toBe('NOT_FOUND USER_NOT_FOUND');
    expect(await auth.client.auditEntry.count()).toBe(before);
  },
);
