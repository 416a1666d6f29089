import { randomBytes } from 'node:crypto';
import { nobody } from '@arcadium/mesh/contract';
import { leewayMs } from '@arcadium/mesh/identity';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { callerOf, claimsOf, openAuth, outcomeOf, type TestAuth } from '../../testing/service.ts';

const day = 24 * 3_600_000;

let auth: TestAuth;
beforeAll(async () => {
  auth = await openAuth();
});
afterAll(() => auth.close());

const refresh = (refreshToken: string) => auth.ask('sessions.refresh', { refreshToken });
const outcome = (refreshToken: string) => outcomeOf(refresh(refreshToken));
const blacklisted = (sid: string | undefined) =>
  auth.client.tokenBlacklist.findUnique({ where: { jti: sid ?? '' } });

describe('a refresh token', () => {
  test('is exchanged for another and an access token of the same session', async () => {
    const ann = await auth.newPerson();
    auth.clock.advance(60_000);
    const next = await refresh(ann.refreshToken);
    expect(next.refreshToken).not.toBe(ann.refreshToken);
    expect(claimsOf(next.accessToken)).toMatchObject({ sub: ann.id, sid: claimsOf(ann.accessToken).sid });
    expect(claimsOf(next.accessToken).jti).not.toBe(claimsOf(ann.accessToken).jti);
    expect(Date.parse(next.expiresAt)).toBe(auth.clock.now().getTime() + 15 * 60_000);
    expect(next.sessionExpiresAt).toBe(ann.sessionExpiresAt);
    expect(await outcome(next.refreshToken)).toBe('done');
  });

  test('is nowhere in the database', async () => {
    const ann = await auth.newPerson();
    const { refreshToken } = await refresh(ann.refreshToken);
    const [{ text }] = await auth.client.$queryRaw<[{ text: string }]>`
      SELECT string_agg(token::text, ' ') AS text FROM refresh_tokens AS token`;
    for (const token of [ann.refreshToken, refreshToken]) {
      expect(text).not.toContain(token);
      expect(text).not.toContain(Buffer.from(token, 'base64url').toString('hex'));
      expect(text).not.toContain(Buffer.from(token).toString('hex'));
    }
  });

  test('gets the name and the role of its moment', async () => {
    const ann = await auth.newPerson();
    await auth.call('users.update', ann.caller, { name: 'Anna' });
    expect(claimsOf((await refresh(ann.refreshToken)).accessToken).name).toBe('Anna');
  });

  test('that nobody has is refused', async () => {
    expect(await outcome(randomBytes(32).toString('base64url'))).toBe('UNAUTHORIZED SESSION_ENDED');
  });

  test.each(['', 'short', 'x'.repeat(44), `${'x'.repeat(42)}!`])(
    '%j is none, and nothing is written',
    async (text) => {
      const before = await auth.client.refreshToken.count();
      expect(await outcome(text)).toBe('BAD_REQUEST');
      expect(await outcomeOf(auth.ask('sessions.logout', { refreshToken: text }))).toBe('BAD_REQUEST');
      expect(await auth.client.refreshToken.count()).toBe(before);
    },
  );
});

describe('the same refresh again', () => {
  test.each([
    ['10 s', 10_000],
    ['11 s', 11_000],
    ['a day', day],
    ['29 days', 29 * day],
  ])(
    '%s later gets the same successor, at each replica: the answer may have been lost',
    async (_when, ms) => {
      const ann = await auth.newPerson();
      const lost = await refresh(ann.refreshToken);
      for (const replica of [auth, auth.second]) {
        auth.clock.advance(ms / 2);
        const again = await replica.call('sessions.refresh', nobody, { refreshToken: ann.refreshToken });
        expect(again.refreshToken).toBe(lost.refreshToken);
        expect(again.sessionExpiresAt).toBe(ann.sessionExpiresAt);
        expect(claimsOf(again.accessToken).sid).toBe(claimsOf(ann.accessToken).sid);
      }
      expect(await outcome(lost.refreshToken)).toBe('done');
      expect(await blacklisted(claimsOf(ann.accessToken).sid)).toBeNull();
    },
  );

  test('gets it for each exchange whose answer is lost, and an older token still ends the session', async () => {
    const ann = await auth.newPerson();
    const tokens = [ann.refreshToken];
    for (let turn = 0; turn < 4; turn += 1) {
      const held = tokens.at(-1) ?? '';
      await refresh(held);
      auth.clock.advance(60_000);
      tokens.push((await refresh(held)).refreshToken);
    }
    expect(new Set(tokens).size).toBe(5);
    const thief = await outcomeOf(
      auth.second.call('sessions.refresh', nobody, { refreshToken: tokens[2] ?? '' }),
    );
    expect(thief).toBe('UNAUTHORIZED SESSION_ENDED');
    expect(await outcome(tokens.at(-1) ?? '')).toBe('UNAUTHORIZED SESSION_ENDED');
  });

  test('after the session was ended gets nothing', async () => {
    const [left, dismissed] = [await auth.newPerson(), await auth.newPerson()];
    for (const { refreshToken } of [left, dismissed]) await refresh(refreshToken);
    await auth.ask('sessions.logout', { refreshToken: left.refreshToken });
    await auth.client.user.update({ where: { id: dismissed.id }, data: { disabledAt: auth.clock.now() } });
    for (const { refreshToken } of [left, dismissed])
      expect(await outcome(refreshToken)).toBe('UNAUTHORIZED SESSION_ENDED');
  });

  test('fifty at once, at two replicas, get one successor and leave one', async () => {
    const ann = await auth.newPerson();
    const input = { refreshToken: ann.refreshToken };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        (at % 2 ? auth : auth.second).call('sessions.refresh', nobody, input),
      ),
    );
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    const session = { sessionId: claimsOf(ann.accessToken).sid };
    expect(await auth.client.refreshToken.count({ where: { ...session, usedAt: null } })).toBe(1);
    expect(await auth.client.refreshToken.count({ where: session })).toBe(2);
    expect(await outcome(answers[0]?.refreshToken ?? '')).toBe('done');
  });

  test.each([
    ['when the successor was used', (next: string) => refresh(next)],
    [
      'when the successor was used, and a day has passed',
      async (next: string) => {
        await refresh(next);
        auth.clock.advance(day);
      },
    ],
  ])('%s is reuse: the whole session ends', async (_when, pass) => {
    const ann = await auth.newPerson();
    const { sid } = claimsOf(ann.accessToken);
    const next = await refresh(ann.refreshToken);
    await pass(next.refreshToken);
    const at = auth.clock.now().getTime();
    expect(await outcome(ann.refreshToken)).toBe('UNAUTHORIZED SESSION_ENDED');
    expect(await outcome(next.refreshToken)).toBe('UNAUTHORIZED SESSION_ENDED');
    const void_ = await blacklisted(sid);
    expect(void_?.reason).toBe('refresh-token-reused');
    // Slightly longer than any access token of the session is valid.
    expect(void_?.expiresAt.getTime()).toBeGreaterThanOrEqual(at + 15 * 60_000 + leewayMs + 5000);
    expect(void_?.expiresAt.getTime()).toBeLessThanOrEqual(at + 20 * 60_000);
    expect(await auth.recorded(ann.id)).toEqual([
      { event: 'account.opened', detail: { role: 'user' } },
      { event: 'session.login', detail: { session: sid, secondFactor: false } },
      { event: 'session.reused', detail: { session: sid } },
      { event: 'session.ended', detail: { session: sid, reason: 'refresh-token-reused' } },
    ]);
  });

  test('a stolen token of long ago ends the session once, however often it is shown', async () => {
    const ann = await auth.newPerson();
    let { refreshToken } = ann;
    for (let turn = 0; turn < 4; turn += 1) ({ refreshToken } = await refresh(refreshToken));
    const shown = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        outcomeOf(
          (at % 2 ? auth : auth.second).call('sessions.refresh', nobody, { refreshToken: ann.refreshToken }),
        ),
      ),
    );
    expect(new Set(shown)).toEqual(new Set(['UNAUTHORIZED SESSION_ENDED']));
    const events = (await auth.recorded(ann.id)).map(({ event }) => event);
    expect(events.filter((event) => event === 'session.reused')).toHaveLength(1);
  });
});

describe('a refresh that waits for its account', () => {
  type Locked = Parameters<Parameters<TestAuth['client']['$transaction']>[0]>[0];
  const endSession = (locked: Locked, id: string) =>
    locked.session.updateMany({ where: { userId: id }, data: { endedAt: auth.clock.now() } });
  const closeAccount = (locked: Locked, id: string) =>
    locked.user.update({ where: { id }, data: { disabledAt: auth.clock.now() } });
  const useToken = (locked: Locked, id: string) =>
    locked.refreshToken.updateMany({
      where: { session: { userId: id } },
      data: { usedAt: auth.clock.now() },
    });

  test.each([
    ['the session has ended', endSession],
    ['the account was closed', closeAccount],
    ['the token was used, and its successor is not to be had', useToken],
  ])('sees what has happened meanwhile: %s', async (_what, change) => {
    const ann = await auth.newPerson();
    const before = await auth.client.refreshToken.count();
    let refreshing: Promise<string> | undefined;
    await auth.client.$transaction(async (locked) => {
      await locked.$executeRaw`SELECT FROM users WHERE id = ${ann.id}::uuid FOR UPDATE`;
      refreshing = outcome(ann.refreshToken);
      const waiting = () => auth.client.$queryRaw<unknown[]>`
        SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
      await vi.waitFor(async () => expect(await waiting()).toHaveLength(1));
      await change(locked, ann.id);
    });
    expect(await refreshing).toBe('UNAUTHORIZED SESSION_ENDED');
    expect(await auth.client.refreshToken.count()).toBe(before);
  });
});

describe('a session', () => {
  test('ends thirty days after the log-in, whatever was exchanged, and its access tokens with it', async () => {
    const ann = await auth.newPerson();
    auth.clock.advance(30 * day - 60_000);
    const last = await refresh(ann.refreshToken);
    expect(last.expiresAt).toBe(ann.sessionExpiresAt);
    auth.clock.advance(60_000);
    expect(await outcome(last.refreshToken)).toBe('UNAUTHORIZED SESSION_ENDED');
  });

  test('of an account that was closed behind our back ends with the next refresh', async () => {
    const ann = await auth.newPerson();
    await auth.client.user.update({ where: { id: ann.id }, data: { disabledAt: auth.clock.now() } });
    expect(await outcome(ann.refreshToken)).toBe('UNAUTHORIZED SESSION_ENDED');
    expect(await blacklisted(ann.caller.user.sessionId)).toMatchObject({ reason: 'account-disabled' });
  });

  test('refresh and log-out at once leave no session, and all of its tokens void', async () => {
    const ann = await auth.newPerson();
    await Promise.all([
      outcome(ann.refreshToken),
      auth.second.call('sessions.logout', nobody, { refreshToken: ann.refreshToken }),
    ]);
    expect(await blacklisted(ann.caller.user.sessionId)).not.toBeNull();
    const { items } = await auth.call('sessions.list', callerOf(ann), undefined);
    expect(items).toEqual([]);
  });
});
