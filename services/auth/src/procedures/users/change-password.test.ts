import { nobody, MeshError } from '@arcadium/mesh/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerOf, openAuth, outcomeOf, testPeer, type TestAuth } from '../../testing/service.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await openAuth();
});
afterAll(() => auth.close());

type Person = Awaited<ReturnType<TestAuth['newPerson']>>;

const change = (who: Person, currentPassword: string, newPassword: string) =>
  auth.call('users.changePassword', who.caller, { currentPassword, newPassword });

/** Everything that a password change writes to. */
async function state(userId: string) {
  return {
    user: await auth.client.user.findUniqueOrThrow({ where: { id: userId } }),
    history: await auth.client.passwordHistory.findMany({ where: { userId } }),
    sessions: await auth.client.session.findMany({ where: { userId } }),
    recorded: await auth.recorded(userId),
  };
}

/** The reason of a refused password; checks that nothing was written. */
async function refusalOf(who: Person, work: () => Promise<unknown>): Promise<unknown> {
  const before = await state(who.id);
  const error = await work().catch((thrown: unknown) => thrown);
  expect(await state(who.id)).toEqual(before);
  return error instanceof MeshError ? (error.named ?? error.code) : error;
}

test('ends the other sessions; this one goes on', async () => {
  const ann = await auth.newPerson();
  const other = await auth.ask('sessions.login', { email: ann.email, password: ann.password });
  expect(await change(ann, ann.password, 'eleven purple elephants')).toEqual({ sessionsEnded: 1 });
  const void_ = { jti: callerOf(other).user.sessionId ?? '' };
  expect(await auth.client.tokenBlacklist.findUnique({ where: void_ })).toMatchObject({
    reason: 'password-changed',
  });
  expect(await outcomeOf(auth.ask('sessions.refresh', { refreshToken: other.refreshToken }))).toBe(
    'UNAUTHORIZED SESSION_ENDED',
  );
  expect(await outcomeOf(auth.ask('sessions.refresh', { refreshToken: ann.refreshToken }))).toBe('done');
  const logIn = (password: string) => outcomeOf(auth.ask('sessions.login', { email: ann.email, password }));
  expect(await logIn(ann.password)).toBe('UNAUTHORIZED BAD_CREDENTIALS');
  expect(await logIn('eleven purple elephants')).toBe('done');
  expect((await auth.recorded(ann.id)).map(({ event }) => event)).toContain('password.changed');
});

test('wants the current one', async () => {
  const ann = await auth.newPerson();
  const before = await state(ann.id);
  expect(await outcomeOf(change(ann, 'not the right one', 'eleven purple elephants'))).toBe(
    'UNAUTHORIZED BAD_CREDENTIALS',
  );
  const entry = { event: 'account.proof-failed', detail: { reason: 'wrong-password' } };
  expect(await state(ann.id)).toEqual({ ...before, recorded: [...before.recorded, entry] });
  expect(
    await auth.client.auditEntry.findFirst({ where: { subject: ann.id, event: entry.event } }),
  ).toMatchObject({ actorKind: 'user', actorId: ann.id, address: testPeer.address });
});

test('goes on while others guess at the account: that is when it is wanted', async () => {
  const ann = await auth.newPerson();
  for (let guess = 0; guess < 6; guess += 1) {
    await outcomeOf(auth.ask('sessions.login', { email: ann.email, password: 'not the right one' }));
  }
  const { email, password } = ann;
  expect(await outcomeOf(auth.ask('sessions.login', { email, password }))).toBe('TOO_MANY_REQUESTS');
  expect(await outcomeOf(change(ann, password, 'eleven purple elephants'))).toBe('done');
});

test.each([
  ['fourteen chars', { reason: 'too-short', least: 15 }],
  ['passwordpassword', { reason: 'common' }],
  ['Ada Lovelace-1815', { reason: 'personal' }],
])('refuses %j, says why, and writes nothing', async (newPassword, data) => {
  const ada = await auth.newPerson({ name: 'Ada Lovelace' });
  const error = { name: 'PASSWORD_REFUSED', data };
  expect(await refusalOf(ada, () => change(ada, ada.password, newPassword))).toEqual(error);
});

test('refuses one that is too long by its length alone', async () => {
  const ann = await auth.newPerson();
  expect(await refusalOf(ann, () => change(ann, ann.password, 'x'.repeat(129)))).toBe('BAD_REQUEST');
});

test.each([
  ['', 'is too short: it must have 15 to 128 characters'],
  ['seven77', 'is too short: it must have 15 to 128 characters'],
  ['fourteen chars', 'is too short: it must have 15 to 128 characters'],
  ['пароль из слов', 'is too short: it must have 15 to 128 characters'],
  ['passwordpassword', 'is a common password, or based on one: attackers try it first'],
  ['Grace Hopper-1906', 'is based on the name or the email address of the account'],
])(
  'says the same of %j to whoever opens an account and to whoever changes a password',
  async (password, why) => {
    const grace = await auth.newPerson({ name: 'Grace Hopper' });
    const refused = {
      code: 'BAD_REQUEST',
      message: `The password ${why}`,
      named: { name: 'PASSWORD_REFUSED' },
    };
    await expect(change(grace, grace.password, password)).rejects.toMatchObject(refused);
    const person = { email: 'grace@hopper.example', name: 'Grace Hopper', password };
    await expect(auth.ask('users.register', person)).rejects.toMatchObject(refused);
  },
);

// About forty hashes of 50 ms each.
test('none of the last five, however it is typed; the sixth is forgotten', async () => {
  const ann = await auth.newPerson({ password: 'un café, deux cafés, 0' });
  const nth = (turn: number) => `un café, deux cafés, ${turn}`;
  for (let turn = 1; turn <= 4; turn += 1) {
    auth.clock.advance(1000);
    await change(ann, nth(turn - 1), nth(turn));
  }
  const reused = { name: 'PASSWORD_REFUSED', data: { reason: 'reused' } };
  for (const former of [0, 4]) {
    expect(await refusalOf(ann, () => change(ann, nth(4), nth(former).normalize('NFD')))).toEqual(reused);
  }
  auth.clock.advance(1000);
  await change(ann, nth(4), nth(5));
  expect(await auth.client.passwordHistory.count({ where: { userId: ann.id } })).toBe(5);
  auth.clock.advance(1000);
  expect(await outcomeOf(change(ann, nth(5), nth(0)))).toBe('done');
});

test('of two at once one is made, also at two replicas', async () => {
  const ann = await auth.newPerson();
  const outcomes = await Promise.all(
    [auth, auth.second].map(({ call }, at) =>
      outcomeOf(
        call('users.changePassword', ann.caller, {
          currentPassword: ann.password,
          newPassword: `eleven purple elephants ${at}`,
        }),
      ),
    ),
  );
  expect(outcomes.toSorted()).toEqual(['UNAUTHORIZED BAD_CREDENTIALS', 'done']);
});

test('a log-in that was under way with the old password gets no session', async () => {
  const ann = await auth.newPerson();
  const { email, password } = ann;
  const [, ...logIns] = await Promise.all([
    change(ann, password, 'eleven purple elephants'),
    ...Array.from({ length: 8 }, () =>
      outcomeOf(auth.second.call('sessions.login', nobody, { email, password })),
    ),
  ]);
  const active = await auth.client.session.findMany({ where: { userId: ann.id, endedAt: null } });
  expect(active.map(({ id }) => id)).toEqual([ann.caller.user.sessionId]);
  expect(logIns).toHaveLength(8);
});

test.each([
  ['short', { reason: 'too-short', least: 15 }],
  ['fourteen chars', { reason: 'too-short', least: 15 }],
  ['qwertyuiopasdfghj', { reason: 'common' }],
  ['person@example.com', { reason: 'personal' }],
])('an account is not opened with %j', async (password, data) => {
  // Only these: the notice of another test's locked account may still be pending.
  const opened = { where: { event: 'account.opened' } };
  const before = [await auth.client.user.count(), await auth.client.auditEntry.count(opened)];
  const error = await auth
    .ask('users.register', { email: 'person@example.com', name: 'Per Son', password })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'BAD_REQUEST', named: { name: 'PASSWORD_REFUSED', data } });
  expect([await auth.client.user.count(), await auth.client.auditEntry.count(opened)]).toEqual(before);
});
