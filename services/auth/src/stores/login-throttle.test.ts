import { unknownPeer } from '@arcadium/mesh/server';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { accountRule, addressRule } from '../domain/throttle-schedule.ts';
import { createThrottleRetention } from '../jobs/throttle-retention.ts';
import { openLogIns, type Answered } from '../testing/log-ins.ts';

const password = 'correct horse battery staple';
const wrong = 'not the right password';

let database: TestDatabase;
let one: Awaited<ReturnType<typeof openLogIns>>;
let other: typeof one;

beforeAll(async () => {
  database = await createTestDatabase(['auth']);
  [one, other] = await Promise.all([openLogIns(database.url('auth')), openLogIns(database.url('auth'))]);
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await database.drop();
});
beforeEach(async () => {
  await one.client.loginThrottle.deleteMany();
  await one.client.notificationOutbox.deleteMany();
});

const codes = (answers: readonly Answered[]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(answers, ({ code }) => code)).map(([code, all]) => [
      code,
      all?.length ?? 0,
    ]),
  );
let people = 0;
async function newPerson() {
  const email = `person-${(people += 1)}@example.com`;
  return { email, user: await one.open(email, password) };
}
/** The time passes, for the throttle. */
const pass = (ms: number) => one.client.$executeRaw`
  UPDATE login_throttles SET blocked_until = blocked_until - ${ms}::int * interval '1 millisecond',
    updated_at = updated_at - ${ms}::int * interval '1 millisecond'`;
const guess = (email: string, from?: string) => one.logIn({ email, password: wrong, ...(from && { from }) });
/** An attempt that comes from nowhere, and works in the background as long as the test waits for it. */
const silent = (email = 'patient@example.com', background: Promise<unknown>[] = []) =>
  [
    { email, isLogIn: true },
    {
      peer: unknownPeer,
      requestId: 'test',
      inBackground: (work: () => Promise<unknown>) => void background.push(work()),
    },
  ] as const;
const told = () => one.client.notificationOutbox.count();
const locks = (subject: string) =>
  one.client.auditEntry.count({ where: { event: 'account.locked', subject } });

describe('of a hundred wrong log-ins at once, on two replicas', () => {
  test.each([
    ['an account that exists', async () => (await newPerson()).email],
    ['an account that does not', async () => 'nobody@example.com'],
  ])('exactly the free ones are evaluated for %s', async (_what, whose) => {
    const email = await whose();
    // Connected, so that all of them really come at once.
    await Promise.all([one, other].map(({ logIn }) => logIn({ email: 'warm@example.com', password: wrong })));
    await one.client.loginThrottle.deleteMany();
    const before = one.evaluated + other.evaluated;
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        (n % 2 ? one : other).logIn({ email, password: wrong, from: `192.0.2.${n}` }),
      ),
    );
    // A machine that is too busy to begin them within a second sheds some: these are no matter of the throttle.
    const { SERVICE_UNAVAILABLE: shed = 0, ...judged } = codes(answers);
    expect(judged).toEqual({ UNAUTHORIZED: 5, TOO_MANY_REQUESTS: 95 - shed });
    expect(one.evaluated + other.evaluated - before).toBe(5);
    for (const { code, retryAfterMs } of answers)
      if (code === 'TOO_MANY_REQUESTS') expect(retryAfterMs).toBeGreaterThanOrEqual(1000);
  });

  test('exactly the free ones are evaluated for one address that tries many accounts', async () => {
    const answers: Answered[] = [];
    // Not more at once than the hasher takes: what it refuses is none of the throttle's.
    for (let n = 0; n < 20; n++) answers.push(await guess(`victim-${n}@example.com`));
    // At once, because each second lets one more through.
    answers.push(
      ...(await Promise.all(Array.from({ length: 10 }, (_, n) => guess(`victim-${20 + n}@example.com`)))),
    );
    expect(codes(answers)).toEqual({ UNAUTHORIZED: 20, TOO_MANY_REQUESTS: 10 });
    expect((await guess('another@example.com', '192.0.2.200')).code).toBe('UNAUTHORIZED');
    // What the address was refused is not held against the accounts.
    expect(await one.client.loginThrottle.count({ where: { key: { startsWith: 'account:' } } })).toBe(21);
  });
});

test('the delay doubles with each failure, and the right password waits as well', async () => {
  const { email } = await newPerson();
  for (let n = 0; n < 5; n++) expect((await guess(email)).code).toBe('UNAUTHORIZED');
  for (const delayMs of [1000, 2000, 4000]) {
    const evaluated = one.evaluated;
    const refused = await one.logIn({ email, password });
    expect(refused.code).toBe('TOO_MANY_REQUESTS');
    expect(refused.retryAfterMs).toBeGreaterThan(delayMs / 2);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(delayMs);
    expect(one.evaluated).toBe(evaluated);
    await pass(delayMs);
    expect((await guess(email)).code).toBe('UNAUTHORIZED');
  }
  await pass(8000);
  expect((await one.logIn({ email, password })).code).toBe('OK');
  // All is forgotten.
  for (let n = 0; n < 4; n++) expect((await guess(email)).code).toBe('UNAUTHORIZED');
  expect((await one.logIn({ email, password })).code).toBe('OK');
});

test('right log-ins count for nothing, however many come from one address', async () => {
  const { email } = await newPerson();
  for (let n = 0; n < addressRule.freeFailures + 5; n++)
    expect((await one.logIn({ email, password })).code).toBe('OK');
  expect(await one.client.loginThrottle.findMany()).toEqual([]);
});

test('an attempt of which nothing was said is taken back', async () => {
  const call = { peer: { ...unknownPeer, address: '192.0.2.9' }, requestId: 'test', inBackground: () => {} };
  for (let n = 0; n < 10; n++) {
    await using _attempt = await one.throttle.begin({ email: 'patient@example.com', isLogIn: true }, call);
  }
  expect(await one.client.loginThrottle.findMany()).toEqual([]);
});

test('attempts at once of which nothing was said are all taken back, in whatever order they end', async () => {
  const attempts = [];
  for (const { throttle } of [one, other, one, other]) attempts.push(await throttle.begin(...silent()));
  for (const attempt of attempts) await attempt[Symbol.asyncDispose]();
  expect(await one.client.loginThrottle.findMany()).toEqual([]);
});

test('after a day without an attempt it begins anew', async () => {
  const { email } = await newPerson();
  for (let n = 0; n < 5; n++) await guess(email);
  await pass(accountRule.forgetAfterMs);
  for (let n = 0; n < 4; n++) expect((await guess(email)).code).toBe('UNAUTHORIZED');
  expect((await one.logIn({ email, password })).code).toBe('OK');
});

test('a delay from a time when the database’s clock was ahead keeps nobody waiting', async () => {
  const { email } = await newPerson();
  for (let n = 0; n < 5; n++) await guess(email);
  const blockFor = (ms: number) =>
    one.client.loginThrottle.updateMany({ data: { blockedUntil: new Date(Date.now() + ms) } });
  // The longest delay that there is, but for a moment.
  await blockFor(14 * 60_000);
  expect((await one.logIn({ email, password })).code).toBe('TOO_MANY_REQUESTS');
  await blockFor(7_200_000);
  expect((await one.logIn({ email, password })).code).toBe('OK');
});

test('counts that no longer count are deleted, and no others', async () => {
  await guess('old@example.com');
  await pass(accountRule.forgetAfterMs + 1000);
  await guess('new@example.com', '2001:db8::1');
  expect(await createThrottleRetention({ database: one.client, log: silentLogger }).runOnce()).toBe(2);
  const left = await one.client.loginThrottle.findMany({ orderBy: { key: 'asc' } });
  expect(left.map(({ key }) => key)).toEqual([
    expect.stringMatching(/^account:[\da-f]{64}$/),
    'address:2001:db8:0:0::/64',
  ]);
});

describe('the owner of an account that is locked', () => {
  test('is told once, however many guesses come at once, and it is recorded', async () => {
    const { email, user } = await newPerson();
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => (n % 2 ? one : other).logIn({ email, password: wrong })),
    );
    await vi.waitFor(async () => expect(await locks(user.id)).toBe(1));
    const [message, ...more] = await one.client.notificationOutbox.findMany();
    expect(more).toEqual([]);
    expect(message).toMatchObject({ userIds: [user.id], topic: 'security', attempts: 0 });
    await pass(1000);
    await guess(email);
    expect(await told()).toBe(1);
  });

  test('is told again when it is locked again', async () => {
    const { email, user } = await newPerson();
    for (const period of [1, 2]) {
      for (let n = 0; n < 5; n++) await guess(email);
      await vi.waitFor(async () => expect(await locks(user.id)).toBe(period));
      expect(await told()).toBe(period);
      await pass(1000);
      expect((await one.logIn({ email, password })).code).toBe('OK');
    }
  });

  test('is told also when the fifth attempt was given up while a sixth came', async () => {
    const { email, user } = await newPerson();
    for (let n = 0; n < 4; n++) await guess(email);
    const background: Promise<unknown>[] = [];
    const givenUp = await one.throttle.begin(...silent(email, background));
    await pass(1000);
    const sixth = await other.throttle.begin(...silent(email, background));
    await givenUp[Symbol.asyncDispose]();
    sixth.failed();
    await Promise.all(background);
    expect([await told(), await locks(user.id)]).toEqual([1, 1]);
  });

  test('is told by the next failure where telling him did not work, and not once more', async () => {
    const { email, user } = await newPerson();
    for (let n = 0; n < 4; n++) await guess(email);
    const [attempt, call] = silent(email);
    // As when the process ends between the answer and what it does after.
    (await one.throttle.begin(attempt, { ...call, inBackground: () => {} })).failed();
    expect(await told()).toBe(0);
    for (const delayMs of [1000, 2000]) {
      await pass(delayMs);
      await guess(email);
      await vi.waitFor(async () => expect(await locks(user.id)).toBe(1));
    }
    expect([await told(), await locks(user.id)]).toEqual([1, 1]);
  });

  test('is not told of the fifth attempt if that was right', async () => {
    const { email } = await newPerson();
    for (let n = 0; n < 4; n++) await guess(email);
    expect((await one.logIn({ email, password })).code).toBe('OK');
    expect(await told()).toBe(0);
  });

  test('is nobody where there is no account', async () => {
    const { user } = await newPerson();
    for (let n = 0; n < 5; n++) expect((await guess('nobody@example.com')).code).toBe('UNAUTHORIZED');
    expect([await told(), await locks(user.id)]).toEqual([0, 0]);
  });
});
