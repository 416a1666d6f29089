import { randomUUID } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
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

/** Turns the second factor on. @returns Its recovery codes. */
async function enrol({ caller, password }: Awaited<ReturnType<TestAuth['newPerson']>>) {
  const { secret } = await auth.call('totp.enroll', caller, { password });
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  const code = totp.generate({ timestamp: auth.clock.now().getTime() });
  return (await auth.call('totp.confirm', caller, { code })).recoveryCodes;
}

test('a lost second factor is reset by an administrator: its user is told, and logs in again with the password alone', async () => {
  const ann = await auth.newPerson();
  const codes = await enrol(ann);
  expect(await outcomeOf(logIn(ann))).toBe('UNAUTHORIZED CODE_NEEDED');
  const changed = await auth.call('users.resetSecondFactor', root.caller, { id: ann.id });
  expect(changed).toMatchObject({ id: ann.id, secondFactor: false });
  expect(await refresh(ann.refreshToken)).toBe('UNAUTHORIZED SESSION_ENDED');
  expect(await whyVoid(ann.caller.user.sessionId)).toBe('second-factor-reset');
  expect(await auth.client.recoveryCode.count({ where: { userId: ann.id } })).toBe(0);
  expect(await auth.recorded(ann.id)).toContainEqual({
    event: 'second-factor.disabled',
    detail: { reason: 'reset' },
  });
  const told = await auth.client.notificationOutbox.findMany({ where: { userIds: { has: ann.id } } });
  expect(told.map(({ topic, title }) => [topic, title])).toEqual([
    ['security', 'Your second factor was turned off'],
  ]);
  const again = await logIn(ann);
  // Repeated, it changes nothing: the new session goes on.
  await auth.call('users.resetSecondFactor', root.caller, { id: ann.id });
  expect(await refresh(again.refreshToken)).toBe('done');
  const next = await enrol({ ...ann, caller: callerOf(again) });
  expect(next).not.toEqual(codes);
});

test('an administrator does not get rid of their own second factor by a token alone', async () => {
  await enrol(root);
  const own = auth.call('users.resetSecondFactor', root.caller, { id: root.id });
  expect(await outcomeOf(own)).toBe('CONFLICT OWN_SECOND_FACTOR');
  expect(await outcomeOf(logIn(root))).toBe('UNAUTHORIZED CODE_NEEDED');
});

test('all sessions of a user end, and of no other; what is counted is what was active', async () => {
  const ann = await auth.newPerson();
  const ben = await auth.newPerson();
  const second = await logIn(ann);
  const end = () => auth.call('users.endSessions', root.caller, { id: ann.id });
  expect(await auth.call('users.find', root.caller, { id: ann.id })).toMatchObject({
    sessions: { active: 2, lastUsedAt: auth.clock.now().toISOString() },
  });
  expect(await end()).toEqual({ sessionsEnded: 2 });
  expect(await end()).toEqual({ sessionsEnded: 0 });
  expect(await refresh(second.refreshToken)).toBe('UNAUTHORIZED SESSION_ENDED');
  expect(await whyVoid(ann.caller.user.sessionId)).toBe('ended-by-administrator');
  expect(await auth.call('users.find', root.caller, { email: ann.email.toUpperCase() })).toMatchObject({
    id: ann.id,
    sessions: { active: 0, lastUsedAt: null },
  });
  expect(await refresh(ben.refreshToken)).toBe('done');
  expect(await outcomeOf(logIn(ann))).toBe('done');
});

test('an administrator creates an account with a role and a first password, and is in its record', async () => {
  const [email, password] = ['Cleo@Example.com', 'a first password for Zoe'];
  const made = await auth.call('users.create', root.caller, { email, name: 'Cleo', password, role: 'admin' });
  expect(made).toMatchObject({ email: 'cleo@example.com', name: 'Cleo', role: 'admin', disabledAt: null });
  expect(await auth.client.auditEntry.findMany({ where: { subject: made.id } })).toMatchObject([
    { event: 'account.opened', actorKind: 'user', actorId: root.id, detail: { role: 'admin' } },
  ]);
  const session = await logIn({ email, password });
  expect(claimsOf(session.accessToken).role).toBe('admin');
  const before = await auth.client.user.count();
  const create = (input: { email: string; password: string }) =>
    outcomeOf(auth.call('users.create', root.caller, { name: 'Dora', ...input }));
  expect(await create({ email, password })).toBe('CONFLICT EMAIL_TAKEN');
  expect(await create({ email: 'dora@example.com', password: 'short' })).toBe('BAD_REQUEST PASSWORD_REFUSED');
  expect(await create({ email: 'dora', password })).toBe('BAD_REQUEST');
  const ann = await auth.newPerson();
  const byUser = auth.call('users.create', ann.caller, { email: 'd@example.com', name: 'Dora', password });
  expect(await outcomeOf(byUser)).toBe('FORBIDDEN');
  // Only Ann.
  expect(await auth.client.user.count()).toBe(before + 1);
});

test('accounts are found by a part of name or address, taken as it is, and by role, page by page', async () => {
  for (const name of ['Ünal 50%_a', 'Ünal 50xya', 'ünal back\\slash']) await auth.newPerson({ name });
  const search = async (text: string) => {
    const names: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const at: string = cursor;
      const input = { search: text, limit: 1, ...(at !== '' && { cursor: at }) };
      const { items, nextCursor } = await auth.call('users.list', root.caller, input);
      names.push(...items.map(({ name }) => name));
      cursor = nextCursor;
    }
    return names;
  };
  expect(await search('ÜNAL')).toEqual(['ünal back\\slash', 'Ünal 50xya', 'Ünal 50%_a']);
  expect(await search('50%_A')).toEqual(['Ünal 50%_a']);
  expect(await search('\\')).toEqual(['ünal back\\slash']);
  expect(await search(root.email.toUpperCase().slice(0, -4))).toEqual(['Root']);
  expect(await search('no such one')).toEqual([]);
  const { items } = await auth.call('users.list', root.caller, { role: 'admin' });
  expect(items.map(({ id }) => id)).toEqual([root.id]);
});

test.each([
  ['users.find', { id: randomUUID() }],
  ['users.find', { email: 'no-one@example.com' }],
  ['users.endSessions', { id: randomUUID() }],
  ['users.resetSecondFactor', { id: randomUUID() }],
] as const)('%s of %j is an error that names it', async (path, input) => {
  const failed = auth.call(path, root.caller, input);
  await expect(failed).rejects.toMatchObject({ named: { name: 'USER_NOT_FOUND', data: input } });
});

test.each([
  'users.setRole',
  'users.disable',
  'users.enable',
  'users.resetSecondFactor',
  'users.endSessions',
] as const)(
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
