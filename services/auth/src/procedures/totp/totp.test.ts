import { nobody } from '@arcadium/mesh/contract';
import { TOTP, URI } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openAuth, outcomeOf, type TestAuth } from '../../testing/service.ts';

const period = 30_000;

let auth: TestAuth;
beforeAll(async () => {
  auth = await openAuth();
});
afterAll(() => auth.close());

/** The code that an app shows a number of steps from now. */
const codeOf = (secret: string, steps = 0) =>
  new TOTP({ secret }).generate({ timestamp: auth.clock.now().getTime() + steps * period });

/** A user with the second factor on, one step after it was confirmed. */
async function newOwner() {
  const person = await auth.newPerson();
  const { secret } = await auth.call('totp.enroll', person.caller, { password: person.password });
  const confirmed = await auth.call('totp.confirm', person.caller, { code: codeOf(secret) });
  auth.clock.advance(period);
  return { ...person, ...confirmed, secret };
}

type Owner = Awaited<ReturnType<typeof newOwner>>;
const logIn = ({ email, password }: Owner, code?: string, at: Pick<TestAuth, 'call'> = auth) =>
  outcomeOf(at.call('sessions.login', nobody, { email, password, ...(code !== undefined && { code }) }));

const badCode = 'UNAUTHORIZED BAD_CODE';

describe('turning it on', () => {
  test('takes a secret that an app understands, and a code of it', async () => {
    const ann = await auth.newPerson();
    const { secret, uri } = await auth.call('totp.enroll', ann.caller, { password: ann.password });
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(uri).toMatch(/^otpauth:\/\/totp\/Arcadium:person/);
    expect(URI.parse(uri)).toMatchObject({ issuer: 'Arcadium', label: ann.email, digits: 6, period: 30 });
    // Nothing has changed so far.
    expect(await auth.call('users.me', ann.caller, undefined)).toMatchObject({ secondFactor: false });
    const fromUri = URI.parse(uri).generate({ timestamp: auth.clock.now().getTime() });
    const { recoveryCodes } = await auth.call('totp.confirm', ann.caller, { code: fromUri });
    expect(new Set(recoveryCodes).size).toBe(10);
    for (const code of recoveryCodes) expect(code).toMatch(/^[a-z2-9]{5}-[a-z2-9]{5}$/);
    expect(await auth.call('users.me', ann.caller, undefined)).toMatchObject({ secondFactor: true });
    expect((await auth.recorded(ann.id)).at(-1)?.event).toBe('second-factor.enabled');
  });

  test('again before it is confirmed makes a new secret, and the former is void', async () => {
    const ann = await auth.newPerson();
    const enroll = () => auth.call('totp.enroll', ann.caller, { password: ann.password });
    const [former, { secret }] = [await enroll(), await enroll()];
    const confirm = (code: string) => outcomeOf(auth.call('totp.confirm', ann.caller, { code }));
    expect(await confirm(codeOf(former.secret))).toBe(badCode);
    expect(await confirm(codeOf(secret))).toBe('done');
    expect(await outcomeOf(enroll())).toBe('CONFLICT ALREADY_ON');
    expect(await confirm(codeOf(secret, 1))).toBe('CONFLICT ALREADY_ON');
  });

  test('wants the password, and something to confirm; writes nothing otherwise', async () => {
    const ann = await auth.newPerson();
    const enroll = (password: string) => outcomeOf(auth.call('totp.enroll', ann.caller, { password }));
    expect(await enroll('not the right one')).toBe('UNAUTHORIZED BAD_CREDENTIALS');
    expect(await enroll('')).toBe('BAD_REQUEST');
    const confirm = (code: string) => outcomeOf(auth.call('totp.confirm', ann.caller, { code }));
    expect(await confirm('123456')).toBe('CONFLICT NOT_ENROLLED');
    expect(await confirm('12345')).toBe('BAD_REQUEST');
    expect(await auth.client.totpSecret.count({ where: { userId: ann.id } })).toBe(0);
    expect(await auth.client.recoveryCode.count({ where: { userId: ann.id } })).toBe(0);
  });

  test('takes no more guesses than a log-in does, and records each', async () => {
    const ann = await auth.newPerson();
    const { secret } = await auth.call('totp.enroll', ann.caller, { password: ann.password });
    const wrong = codeOf(secret, 100);
    const outcomes = [];
    for (let guess = 0; guess < 7; guess += 1) {
      outcomes.push(await outcomeOf(auth.call('totp.confirm', ann.caller, { code: wrong })));
    }
    expect(outcomes).toEqual([...Array(5).fill(badCode), ...Array(2).fill('TOO_MANY_REQUESTS')]);
    // The right code has to wait too.
    const confirm = outcomeOf(auth.call('totp.confirm', ann.caller, { code: codeOf(secret) }));
    expect(await confirm).toBe('TOO_MANY_REQUESTS');
    const failures = (await auth.recorded(ann.id)).filter(({ event }) => event === 'account.proof-failed');
    expect(failures.map(({ detail }) => detail)).toEqual(
      Array.from({ length: 5 }, () => ({ reason: 'wrong-code' })),
    );
  });

  test('at two replicas at once gives one set of recovery codes', async () => {
    const ann = await auth.newPerson();
    const { secret } = await auth.call('totp.enroll', ann.caller, { password: ann.password });
    const code = codeOf(secret);
    const outcomes = await Promise.all(
      [auth, auth.second].map(({ call }) => outcomeOf(call('totp.confirm', ann.caller, { code }))),
    );
    expect(outcomes.toSorted()).toEqual(['CONFLICT ALREADY_ON', 'done']);
    expect(await auth.client.recoveryCode.count({ where: { userId: ann.id } })).toBe(10);
  });

  test('leaves neither secret nor code readable in the database', async () => {
    const ann = await newOwner();
    const row = await auth.client.totpSecret.findUniqueOrThrow({ where: { userId: ann.id } });
    expect(auth.seal.open(row.sealedSecret, `totp:${ann.id}`)).toBe(ann.secret);
    expect(() => auth.seal.open(row.sealedSecret, `totp:${ann.caller.user.tokenId}`)).toThrow();
    expect(Buffer.from(row.sealedSecret).includes(ann.secret)).toBe(false);
    const codes = await auth.client.recoveryCode.findMany({ where: { userId: ann.id } });
    for (const { hash } of codes) expect(hash).toHaveLength(32);
  });
});

describe('a log-in', () => {
  test('asks for a code after the right password only', async () => {
    const ann = await newOwner();
    expect(await logIn(ann)).toBe('UNAUTHORIZED CODE_NEEDED');
    expect(await logIn({ ...ann, password: 'not the right one' })).toBe('UNAUTHORIZED BAD_CREDENTIALS');
    const wrong = { ...ann, password: 'not the right one' };
    expect(await logIn(wrong, codeOf(ann.secret))).toBe('UNAUTHORIZED BAD_CREDENTIALS');
    // That did not use it up.
    expect(await logIn(ann, codeOf(ann.secret))).toBe('done');
    expect((await auth.recorded(ann.id)).at(-1)?.detail).toMatchObject({ secondFactor: true });
  });

  test('takes each code once, and none before one that was taken', async () => {
    const ann = await newOwner();
    const code = codeOf(ann.secret);
    expect(await logIn(ann, code)).toBe('done');
    expect(await logIn(ann, code)).toBe(badCode);
    expect(await logIn(ann, codeOf(ann.secret, -1))).toBe(badCode);
    expect((await auth.recorded(ann.id)).at(-1)).toEqual({
      event: 'session.login-failed',
      detail: { reason: 'wrong-code' },
    });
    auth.clock.advance(period);
    expect(await logIn(ann, code)).toBe(badCode);
    expect(await logIn(ann, codeOf(ann.secret))).toBe('done');
  });

  test.each([
    [-2, badCode],
    [-1, 'done'],
    [0, 'done'],
    [1, 'done'],
    [2, badCode],
  ])('with a clock %i steps off: %s', async (steps, expected) => {
    const ann = await newOwner();
    auth.clock.advance(5 * period);
    expect(await logIn(ann, codeOf(ann.secret, steps))).toBe(expected);
  });

  test('of four at once with one code, at two replicas, one is in', async () => {
    const ann = await newOwner();
    const code = codeOf(ann.secret);
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, (_, at) => logIn(ann, code, at % 2 ? auth : auth.second)),
    );
    expect(outcomes.toSorted()).toEqual([...Array(3).fill(badCode), 'done']);
  });

  test('takes each recovery code once, in whatever case, also of four at once', async () => {
    const ann = await newOwner();
    const [first = '', second = ''] = ann.recoveryCodes;
    expect(await logIn(ann, ` ${first.toUpperCase()} `)).toBe('done');
    expect(await logIn(ann, first)).toBe(badCode);
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, (_, at) => logIn(ann, second, at % 2 ? auth : auth.second)),
    );
    expect(outcomes.toSorted()).toEqual([...Array(3).fill(badCode), 'done']);
  });

  test('does not look at a code where the factor is not on, or not yet', async () => {
    const ann = await auth.newPerson();
    const login = () =>
      outcomeOf(auth.ask('sessions.login', { email: ann.email, password: ann.password, code: '123456' }));
    expect(await login()).toBe('done');
    await auth.call('totp.enroll', ann.caller, { password: ann.password });
    expect(await login()).toBe('done');
  });

  test('takes no recovery code of somebody else', async () => {
    const [ann, ben] = [await newOwner(), await newOwner()];
    expect(await logIn(ann, ben.recoveryCodes[0])).toBe(badCode);
    expect(await logIn(ben, ben.recoveryCodes[0])).toBe('done');
  });
});

describe('changing it', () => {
  const renew = (ann: Owner, code: string, password = ann.password) =>
    auth.call('totp.renewRecoveryCodes', ann.caller, { password, code });
  const disable = (ann: Owner, code: string, password = ann.password) =>
    outcomeOf(auth.call('totp.disable', ann.caller, { password, code }));

  test('new recovery codes make the old ones void', async () => {
    const ann = await newOwner();
    const { recoveryCodes } = await renew(ann, codeOf(ann.secret));
    expect(await logIn(ann, ann.recoveryCodes[0])).toBe(badCode);
    expect(await logIn(ann, recoveryCodes[0])).toBe('done');
    const events = (await auth.recorded(ann.id)).map(({ event }) => event);
    expect(events).toContain('recovery-codes.renewed');
  });

  test('off, the password is enough, and it can be turned on again', async () => {
    const ann = await newOwner();
    expect(await disable(ann, ann.recoveryCodes[3] ?? '')).toBe('done');
    expect(await logIn(ann)).toBe('done');
    expect(await auth.client.recoveryCode.count({ where: { userId: ann.id } })).toBe(0);
    expect((await auth.recorded(ann.id)).map(({ event }) => event)).toContain('second-factor.disabled');
    const again = await auth.call('totp.enroll', ann.caller, { password: ann.password });
    expect(again.secret).not.toBe(ann.secret);
  });

  test('wants password and code, and without them only records what was tried', async () => {
    const ann = await newOwner();
    const before = (await auth.recorded(ann.id)).length;
    const right = codeOf(ann.secret);
    expect(await disable(ann, right, 'not the right one')).toBe('UNAUTHORIZED BAD_CREDENTIALS');
    expect(await disable(ann, codeOf(ann.secret, 5))).toBe(badCode);
    expect(await disable(ann, 'abcde-fghij')).toBe(badCode);
    expect(await disable(ann, '1234567')).toBe('BAD_REQUEST');
    expect(await outcomeOf(renew(ann, right, 'not the right one'))).toBe('UNAUTHORIZED BAD_CREDENTIALS');
    expect(await outcomeOf(renew(ann, codeOf(ann.secret, 5)))).toBe(badCode);
    const failed = (reason: string) => ({ event: 'account.proof-failed', detail: { reason } });
    const [password, code] = [failed('wrong-password'), failed('wrong-code')];
    await vi.waitFor(async () => {
      const recorded = (await auth.recorded(ann.id)).slice(before);
      expect(recorded.filter(({ event }) => event !== 'account.locked')).toEqual([
        password,
        code,
        code,
        password,
        code,
      ]);
      expect(recorded).toHaveLength(6);
    });
    // They are throttled like log-ins, with a separate counter.
    expect(await disable(ann, right)).toBe('TOO_MANY_REQUESTS');
    expect(await logIn(ann, ann.recoveryCodes[0])).toBe('done');
    // That resets its owner's counter.
    expect(await disable(ann, codeOf(ann.secret, 5))).toBe(badCode);
    expect(await logIn(ann, right)).toBe('done');
  });

  test('is not possible while it is off', async () => {
    const ann = await auth.newPerson();
    const asked = { password: ann.password, code: '123456' };
    expect(await outcomeOf(auth.call('totp.disable', ann.caller, asked))).toBe('CONFLICT NOT_ON');
    expect(await outcomeOf(auth.call('totp.renewRecoveryCodes', ann.caller, asked))).toBe('CONFLICT NOT_ON');
  });
});
