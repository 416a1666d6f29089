import { connect, type ConnectOptions } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answeredCalls } from '../src/fault-table/server-count.ts';
import { openLoop } from '../src/load/open-loop.ts';
import { failingContract } from '../src/stand-ins/failing-contract.ts';
import { startStandIn, type StandIn } from '../src/stand-ins/stand-in.ts';

// A target that fails at everything, and callers who would all come back three
// times. What reaches it is counted at the target.

/**
 * The budget of each caller holds a reserve of 100 retries beside a fifth of its calls: so many calls that both
 * together are less than three tenths of them.
 */
const callsEach = 1200;
const callers = 2;
const perSecond = 200;

/** Without a budget each call is made again three times, be they few or many. */
const callsWithoutBudget = 200;

const neverOpen = {
  consecutiveFailures: Infinity,
  successRate: 0,
} satisfies ConnectOptions<'anyone'>['breaker'];
const boundless = { ratio: 100, minPerSecond: 100_000 } satisfies ConnectOptions<'anyone'>['retryBudget'];

/** Kinds of targets: their endpoints, and whether these say that they did nothing with a call. */
const kinds = {
  'one endpoint that fails': { endpoints: 1, refuses: false },
  'two endpoints that fail': { endpoints: 2, refuses: false },
  'two endpoints that refuse': { endpoints: 2, refuses: true },
} as const;

const targets = new Map<string, StandIn[]>();

beforeAll(async () => {
  for (const [kind, { endpoints, refuses }] of Object.entries(kinds)) {
    const start = () => startStandIn('failing.ts', refuses ? 'refuses' : 'fails');
    targets.set(kind, await Promise.all(Array.from({ length: endpoints }, start)));
  }
});
afterAll(async () => {
  await Promise.all([...targets.values()].flat().map((one) => one[Symbol.asyncDispose]()));
});

/** How many calls the endpoints of a target have had. */
async function received(kind: string): Promise<number> {
  const counts = await Promise.all((targets.get(kind) ?? []).map(({ url }) => answeredCalls(url)));
  return counts.reduce((sum, count) => sum + (count.get('get') ?? 0), 0);
}

/** Calls it by several clients, and answers with how many times as much reached it as was called. */
async function amplification(
  kind: string,
  options: Pick<ConnectOptions<'anyone'>, 'breaker' | 'retryBudget'>,
  calls = callsEach,
): Promise<number> {
  const before = await received(kind);
  const outcomes = await Promise.all(
    Array.from({ length: callers }, async () => {
      await using client = connect(failingContract, {
        as: 'anyone',
        url: (targets.get(kind) ?? []).map(({ url }) => url),
        log: silentLogger,
        retryPolicy: { attempts: 3, baseMs: 50, jitter: 0.2 },
        ...options,
      });
      return await openLoop({ perSecond, calls, call: () => client.get.query() });
    }),
  );
  // All of them, so none was an accident.
  expect(outcomes.map(({ failures }) => failures.length)).toEqual(outcomes.map(() => calls));
  return ((await received(kind)) - before) / (calls * callers);
}

// The kinds at once, which have nothing in common; the cases of one in turn, since what reaches it is counted there.
describe.each(Object.keys(kinds))('%s', { concurrent: true }, (kind) => {
  test('with everything on, gets at most 1.3 times the calls', { concurrent: false }, async () => {
    expect(await amplification(kind, {})).toBeLessThanOrEqual(1.3);
  });

  // On a machine that has no time for it, calls do not reach it at all.
  test('with the budget alone too', { concurrent: false, retry: 2 }, async () => {
    const times = await amplification(kind, { breaker: neverOpen });
    expect(times).toBeLessThanOrEqual(1.3);
    // All calls reached it, and retries as well.
    expect(times).toBeGreaterThan(1.05);
  });

  test('without either, gets more than twice the calls', { concurrent: false }, async () => {
    const options = { breaker: neverOpen, retryBudget: boundless };
    expect(await amplification(kind, options, callsWithoutBudget)).toBeGreaterThan(2);
  });
});
