import type { RevocationEvent } from '@arcadium/contracts/auth';
import { silentLogger } from '@arcadium/mesh/testing';
import { openDatabase, type Database } from '@arcadium/postgres/database';
import { PrismaClient } from '@arcadium/prisma/auth';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { addToBlacklist, createTokenBlacklist, type TokenBlacklist } from '../stores/token-blacklist.ts';
import { RevocationAnnouncer } from './revocation-announcer.ts';

let database: TestDatabase;
let opened: Database<PrismaClient>;
let blacklist: TokenBlacklist;
let announcer: RevocationAnnouncer;
let ending: AbortController;
let time: number;
/** Number of queries that reached the database; it can be made to fail. */
let asked: number;
let down: boolean;
beforeEach(async () => {
  database = await createTestDatabase(['auth']);
  opened = openDatabase({
    url: database.url('auth'),
    schema: 'auth',
    client: PrismaClient,
    log: silentLogger,
  });
  blacklist = createTokenBlacklist(opened.client);
  ending = new AbortController();
  time = Date.now();
  [asked, down] = [0, false];
  announcer = new RevocationAnnouncer({
    blacklist: {
      after(position, options) {
        asked += 1;
        return down
          ? Promise.reject(new Error('the connection was closed'))
          : blacklist.after(position, options);
      },
    },
    databaseUrl: database.url('auth'),
    log: silentLogger,
    now: () => new Date(time),
    everyMs: 50,
    heartbeatMs: 100,
  });
});
afterEach(async () => {
  ending.abort();
  await announcer.stop();
  await opened.close();
  await database.drop();
});

const hourMs = 3_600_000;

/** Revokes ids, in this order. */
async function revoke(ids: readonly string[], lifeMs = hourMs): Promise<void> {
  const records = ids.map((id) => ({ id, expiresAt: new Date(time + lifeMs) }));
  await opened.client.$transaction((transaction) => addToBlacklist(transaction, records, 'revoked'));
}

/** Follows the announcer, and keeps its events. */
function follow(after = 0, ended: AbortController = ending) {
  const events: RevocationEvent[] = [];
  const done = (async () => {
    for await (const event of announcer.follow(after, ended.signal)) events.push(event);
  })();
  return {
    events,
    done,
    ids: () => events.flatMap(({ items }) => items.map(({ id }) => id)),
    beats: () => events.slice(1).filter(({ items }) => items.length === 0).length,
  };
}

test('first what is there, in its order and in parts, then what comes', async () => {
  const ids = Array.from({ length: 2300 }, (_, n) => `id-${n}`);
  await revoke(ids);
  announcer.start();
  const one = follow();
  await vi.waitFor(() => expect(one.ids()).toEqual(ids));
  expect(one.events.slice(0, 3).map(({ items, complete, reset }) => [items.length, complete, reset])).toEqual(
    [
      [1000, false, false],
      [1000, false, false],
      [300, true, false],
    ],
  );
  await revoke(['later']);
  await vi.waitFor(() => expect(one.ids().at(-1)).toBe('later'));
  const late = follow(one.events[1]?.position);
  await vi.waitFor(() => expect(late.ids()).toEqual([...ids.slice(2000), 'later']));
  expect(announcer.has('later')).toBe(true);
  expect(announcer.has('other')).toBe(false);
});

test('who follows an empty list is told so, and then each heartbeat', async () => {
  announcer.start();
  const one = follow();
  await vi.waitFor(() => expect(one.beats()).toBeGreaterThan(2));
  expect(one.events[0]).toEqual({ items: [], position: 0, complete: true, reset: false });
});

test('no heartbeat, and no first event, while the database is gone', async () => {
  announcer.start();
  const one = follow();
  await vi.waitFor(() => expect(one.beats()).toBeGreaterThan(0));
  down = true;
  const before = asked;
  await vi.waitFor(() => expect(asked).toBeGreaterThan(before + 1));
  const told = one.events.length;
  const late = follow();
  await vi.waitFor(() => expect(asked).toBeGreaterThan(before + 10));
  expect(one.events).toHaveLength(told);
  expect(late.events).toHaveLength(0);
  down = false;
  await vi.waitFor(() => expect([one.events.length > told, late.events.length > 0]).toEqual([true, true]));
});

test('many who follow cost no more questions than one', async () => {
  announcer.start();
  const all = Array.from({ length: 100 }, () => follow());
  await vi.waitFor(() => expect(all.every(({ events }) => events.length > 0)).toBe(true));
  const [before, begunAt] = [asked, performance.now()];
  await vi.waitFor(() => expect(all.every((one) => one.beats() > 5)).toBe(true));
  expect(asked - before).toBeLessThan((performance.now() - begunAt) / 50 + 10);
  await revoke(['one']);
  await vi.waitFor(() => expect(all.every((one) => one.ids().includes('one'))).toBe(true));
  ending.abort();
  await Promise.all(all.map(({ done }) => done));
  expect(announcer.followers).toBe(0);
});

test('whoever has revoked something may wait until all who follow have taken it and come back', async () => {
  announcer.start();
  const [one, other] = [follow(), follow()];
  await vi.waitFor(() => expect([one, other].every(({ events }) => events.length > 0)).toBe(true));
  for (const id of ['a', 'b', 'c']) {
    await revoke([id]);
    await announcer.announced();
    expect([one.ids().at(-1), other.ids().at(-1)]).toEqual([id, id]);
  }
  // One of many followers leaves while it waits.
  const leaving = new AbortController();
  const third = follow(0, leaving);
  await vi.waitFor(() => expect(third.ids()).toHaveLength(3));
  await revoke(Array.from({ length: 2500 }, (_, n) => `id-${n}`));
  const told = Promise.all([announcer.announced(), announcer.announced()]);
  leaving.abort();
  await told;
  expect([one.ids().at(-1), other.ids().at(-1)]).toEqual(['id-2499', 'id-2499']);
});

test('one who does not come back keeps nobody waiting for more than a quarter of a second', async () => {
  announcer.start();
  const slow = announcer.follow(0, ending.signal);
  await slow.next();
  const one = follow();
  await vi.waitFor(() => expect(one.events.length).toBeGreaterThan(0));
  await revoke(['a']);
  const begunAt = performance.now();
  await announcer.announced();
  // A timer may fire a millisecond early.
  expect(performance.now() - begunAt).toBeGreaterThan(248);
  expect(performance.now() - begunAt).toBeLessThan(2000);
  expect(one.ids()).toEqual(['a']);
  await slow.return(undefined);
  // The same while the database does not answer.
  down = true;
  await announcer.announced();
});

test('what has expired is not told, and the place behind it is', async () => {
  await revoke(['short'], 1000);
  await revoke(['long']);
  time += 2000;
  announcer.start();
  const one = follow();
  await vi.waitFor(() => expect(one.ids()).toEqual(['long']));
  expect(announcer.has('short')).toBe(false);
  time += 2 * hourMs;
  expect(announcer.has('long')).toBe(false);
  const late = follow();
  await vi.waitFor(() => expect(late.events[0]).toMatchObject({ items: [], complete: true }));
  expect(late.events[0]?.position).toBe(one.events[0]?.position);
});

test('a place beyond the end begins anew', async () => {
  await revoke(['one', 'two']);
  announcer.start();
  const one = follow(1_000_000);
  await vi.waitFor(() => expect(one.ids()).toEqual(['one', 'two']));
  expect(one.events[0]?.reset).toBe(true);
  await vi.waitFor(() => expect(one.beats()).toBeGreaterThan(0));
  expect(one.events.slice(1).some(({ reset }) => reset)).toBe(false);
});

test.each([
  ['to an earlier day', ['one']],
  ['and has gone on since', ['one', 'other', 'third']],
])('a database that was restored %s is told from the beginning', async (_how, restored) => {
  await revoke(['one', 'two']);
  announcer.start();
  const one = follow();
  await vi.waitFor(() => expect(one.ids()).toEqual(['one', 'two']));
  await opened.client.$transaction(async (transaction) => {
    await transaction.tokenBlacklist.deleteMany();
    await transaction.tokenBlacklist.createMany({
      data: restored.map((jti, n) => ({
        jti,
        reason: 'revoked',
        expiresAt: new Date(time + hourMs),
        position: BigInt(n + 1),
      })),
    });
  });
  await vi.waitFor(() => expect(one.ids()).toEqual(['one', 'two', ...restored]));
  expect(one.events.filter(({ reset }) => reset)).toHaveLength(1);
  expect(announcer.has('two')).toBe(false);
});

test('after the clock was wrong for a while, everything is read again, and told to all who follow', async () => {
  await revoke(['short'], 30_000);
  await revoke(['long']);
  // A replica that starts while its clock is ahead reads only what has not expired by that clock.
  time += 60_000;
  announcer.start();
  const one = follow();
  await vi.waitFor(() => expect(one.ids()).toEqual(['long']));
  time -= 60_000;
  announcer.readAgain();
  await vi.waitFor(() => expect(one.ids()).toEqual(['long', 'short', 'long']));
  expect(one.events.filter(({ reset }) => reset)).toHaveLength(1);
  expect(announcer.has('short')).toBe(true);
});

test('entries that have expired are deleted, but never the newest', async () => {
  await revoke(['a', 'b', 'c'], 1000);
  const { top } = await blacklist.after(0, { limit: 1, now: new Date(time) });
  const later = new Date(time + 2000);
  expect(await blacklist.deleteExpired(later, 1000)).toBe(2);
  expect(await blacklist.deleteExpired(later, 1000)).toBe(0);
  expect(await blacklist.after(0, { limit: 10, now: later })).toMatchObject({ top, entries: [] });
});
