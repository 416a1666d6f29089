import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useFakeClock, type FakeClock } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMembers, type Members } from './src/walk/members.ts';
import { KeyDiary } from './src/walk/key-diary.ts';
import { TokenDiary } from './src/walk/token-diary.ts';
import { walkUser, type Walker } from './src/walk/walker.ts';

// Two replicas of each service, on real sockets and a real PostgreSQL, live through 200 days: the clock runs
// normally, and between two rounds of calls it leaps, like that of machines that sleep for hours.

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The length of a leap; less while a published key does not sign yet. */
const leapMs = 12 * hourMs;
const leapInLeadMs = 4 * minuteMs;

let clock: FakeClock;
let folder: string;
let members: Members;
let user: Walker;
beforeAll(async () => {
  clock = useFakeClock({ goesOn: true });
  folder = await mkdtemp(join(tmpdir(), 'arcadium-walk-'));
  members = await startMembers(folder, { signingKeyDays: 30 });
  user = await walkUser(members, 'ann@example.com');
});
afterAll(async () => {
  await user[Symbol.asyncDispose]();
  await members[Symbol.asyncDispose]();
  await clock[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test('over 200 days every token and key is rotated in time, and no call is refused', async () => {
  const begin = Date.now();
  const tokens = new TokenDiary(members);
  const keys = new KeyDiary(members);
  const failures: string[] = [];
  let counted = 0;
  const count = async (what: string, made: Promise<unknown>): Promise<void> => {
    counted += 1;
    await made.catch((error: unknown) =>
      failures.push(`day ${((Date.now() - begin) / dayMs).toFixed(2)}, ${what}: ${String(error)}`),
    );
  };
  const first = tokens.current('wiki');
  for (let round = 0; Date.now() < begin + 200 * dayMs; round++) {
    const calls = await members.calls();
    await Promise.all([...calls.map(([what, call]) => count(what, call())), user.live(round, count, keys)]);
    await keys.look();
    tokens.look();
    if (round % 40 === 0)
      expect(await members.isTaken(first), 'the first token').toBe(Date.now() < begin + 90 * dayMs);
    clock.sleep(keys.waiting ? leapInLeadMs : leapMs);
  }
  process.stdout.write(
    `${counted} calls, ${failures.length} failed; ${JSON.stringify({ ...tokens.summary(), ...keys.summary() })}\n`,
  );
  expect(failures).toEqual([]);
  expect(counted).toBeGreaterThan(10_000);

  // Exchanged at half of their validity, after 40.5 to 49.5 days, for the same token in all replicas of a
  // service.
  expect(tokens.mistakes).toEqual([]);
  for (const service of ['auth', 'wiki', 'notification'])
    expect(await members.lineOf(service)).toHaveLength(5);
  for (const share of tokens.shares) {
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  }
  expect(tokens.shares).toHaveLength(3 * 2 * 4);

  // Days 0, 30, …, 180.
  expect(keys.mistakes).toEqual([]);
  expect(keys.made).toBe(7);
  expect(keys.mostPublished).toBeLessThanOrEqual(6);
  expect(keys.leastLeadMs).toBeGreaterThanOrEqual(15 * minuteMs);
  const stored = await members.stored.signingKey.findMany({ orderBy: { publishedAt: 'asc' } });
  for (const { publishedAt, activeFrom } of stored.slice(1))
    expect((activeFrom?.getTime() ?? 0) - publishedAt.getTime()).toBeGreaterThanOrEqual(15 * minuteMs);

  // Twenty sessions were ended, and are no longer held in memory. (The database is cleaned by timers, which
  // do not leap.)
  for (const size of members.held()) expect(size).toBeLessThanOrEqual(1);
}, 600_000);
