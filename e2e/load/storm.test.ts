import { connect, type ConnectOptions } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answeredCalls } from '../src/fault-table/server-count.ts';
import { openLoop } from '../src/load/open-loop.ts';
import { failingContract } from '../src/stand-ins/failing-contract.ts';
import { startStandIn, type StandIn } from '../src/stand-ins/stand-in.ts';

// A target that fails all calls, and callers that would each retry three times. Calls are counted at the
// target.

/**
 * A caller's budget has a reserve of 100 retries and 20 % of its calls: with this many calls, both together
 * are less than 30 %.
 */
const callsEach = 1200;
const callers = 2;
const perSecond = 200;

/** Without a budget each call is retried three times, for any number of calls. */
const callsWithoutBudget = 200;

const neverOpen = {
  consecutiveFailures: Infinity,
  successRate: 0,
} satisfies ConnectOptions<'anyone'>['breaker'];
const boundless = { ratio: 100, minPerSecond: 100_000 } satisfies ConnectOptions<'anyone'>['retryBudget'];

/** Kinds of targets: their endpoints, and whether they say that they did not execute a call. */
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

/** Number of calls that the endpoints of a target have received. */
async function received(kind: string): Promise<number> {
  const counts = await Promise.all((targets.get(kind) ?? []).map(({ url }) => answeredCalls(url)));
  return counts.reduce((sum, count) => sum + (count.get('get') ?? 0), 0);
}

/** Calls a target with several clients. @returns Received calls divided by calls made. */
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
  // All of them failed.
  expect(outcomes.map(({ failures }) => failures.length)).toEqual(outcomes.map(() => calls));
  return ((await received(kind)) - before) / (calls * callers);
}

// The kinds run concurrently, the tests of one kind in turn, because calls are counted at its target.
describe.each(Object.keys(kinds))('%s', { concurrent: true }, (kind) => {
  test('with everything on, gets at most 1.3 times the calls', { concurrent: false }, async () => {
    expect(await amplification(kind, {})).toBeLessThanOrEqual(1.3);
  });

  // On a machine without time, calls do not reach the target at all.
  test('with the budget alone too', { concurrent: false, retry: 2 }, async () => {
    const times = await amplification(kind, { breaker: neverOpen });
    expect(times).toBeLessThanOrEqual(1.3);
    // All calls reached it, and some retries.
    expect(times).toBeGreaterThan(1.05);
  });

  test('without either, gets more than twice the calls', { concurrent: false }, async () => {
    const options = { breaker: neverOpen, retryBudget: boundless };
    expect(await amplification(kind, options, callsWithoutBudget)).toBeGreaterThan(2);
  });
});
