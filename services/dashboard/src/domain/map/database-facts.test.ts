import { expect, test } from 'vitest';
import { databaseOf } from './database-facts.ts';
import { LiveMap } from './live-map.ts';

const intervalMs = 2000;
const urls = ['http://a', 'http://b'];

const statement = (name: string, calls: number, totalMs: number, longestMs = 5) => ({
  name,
  calls,
  failures: 1,
  total_ms: totalMs,
  mean_ms: totalMs / calls,
  longest_ms: longestMs,
});
const migrations = (applied: number, pending = 0, failed: string | null = null) => ({
  applied,
  last: { name: `m${applied}`, applied_at: '2026-11-30T12:00:00.000Z' },
  pending,
  failed,
});
const targets = [{ target: 'auth', retry_budget: 100, endpoints: [] }];
const server = { shedding: true, queued: 0, event_loop_delay_ms: 1, procedures: [] };
const meshOf = (database: unknown, identity: object = {}) => ({ targets, server, identity, database });

/** A dashboard that watches two processes of auth. */
function watching() {
  let nowMs = 0;
  const watched = urls.map((url) => ({ service: 'auth', url }));
  const map = new LiveMap({ intervalMs, statuses: () => [], onProblem: () => {}, nowMs: () => nowMs });
  const record = () => {
    const found = map.service('auth');
    if (!found) throw new Error('auth was never asked');
    return found;
  };
  return {
    /** @param answers Of the processes; `undefined` for none. */
    round(...answers: unknown[]) {
      nowMs += intervalMs;
      const check = {
        at: nowMs,
        responseTimeMs: 1,
        report: undefined,
        problem: undefined,
        metrics: undefined,
      };
      const checks = watched.map((target, index) => ({ ...target, ...check, mesh: answers[index] }));
      map.observe({ at: nowMs, targets: watched, checks });
    },
    database: () => databaseOf([...record().processes.values()], map.spans().minute),
    record,
  };
}

test('the statements of all processes are summed, with their rates, also after a restart', () => {
  const { round, database } = watching();
  const only = (calls: number) =>
    meshOf({ statements: [statement('SELECT a', calls, calls)], migrations: null });
  const two = meshOf({
    statements: [statement('UPDATE b', 10, 5000), statement('SELECT a', 100, 300, 9)],
    migrations: null,
  });
  round(only(100), two);
  expect(database()?.statements.map(({ rate }) => rate)).toEqual([null, null]);
  round(only(160), two);
  expect(database()).toEqual({
    statements: [
      { name: 'UPDATE b', rate: 0, calls: 10, failures: 1, totalMs: 5000, meanMs: 500, longestMs: 5 },
      {
        name: 'SELECT a',
        rate: 30,
        calls: 260,
        failures: 2,
        totalMs: 460,
        meanMs: expect.closeTo(460 / 260),
        longestMs: 9,
      },
    ],
    migrations: null,
  });
  round(only(20), two);
  expect(database()?.statements[1]).toMatchObject({ rate: 20, calls: 120 });
});

test('at most 20 statements; a process that stops answering is left out', () => {
  const { round, database, record } = watching();
  const from = (first: number) =>
    meshOf({
      statements: Array.from({ length: 20 }, (_, n) => statement(`s${first + n}`, 1, 1)),
      migrations: null,
    });
  round(from(0), from(20));
  expect(database()?.statements).toHaveLength(20);
  for (let n = 0; n < 5; n += 1) round(undefined, undefined);
  expect(database()).toBeNull();
  expect(record().keys).toBeNull();
});

test('the migrations are those of the process that found the most, or the one with a problem', () => {
  const { round, database } = watching();
  const telling = (one: unknown, other: unknown) => {
    round(meshOf({ statements: [], migrations: one }), meshOf({ statements: [], migrations: other }));
    return database()?.migrations;
  };
  expect(telling(migrations(3), migrations(4))).toEqual({
    applied: 4,
    last: { name: 'm4', at: '2026-11-30T12:00:00.000Z' },
    pending: 0,
    failed: null,
  });
  expect(telling(migrations(3), migrations(3, 2, 'm4'))).toMatchObject({ pending: 2, failed: 'm4' });
  expect(telling(null, migrations(3))).toMatchObject({ applied: 3 });
  expect(telling(null, null)).toBeNull();
});

test('keys, and the life of a token without the metric', () => {
  const { round, record } = watching();
  const keys = [{ kid: 'k', state: 'current', changes_in_seconds: 60 }];
  round(meshOf(undefined), meshOf(undefined, { keys, token: { remaining_seconds: 7 } }));
  expect(record().keys).toEqual([{ kid: 'k', state: 'current', changesInSeconds: 60 }]);
  expect(
    record()
      .facts({ marks: 0, seconds: 0 })
      .map((one) => one.tokenLifeSeconds),
  ).toEqual([null, 7]);
});

test.each([
  ['no object', 'nonsense'],
  ['no list', { statements: {}, migrations: null }],
  ['too many', { statements: Array.from({ length: 21 }, () => statement('a', 1, 1)), migrations: null }],
  ['a negative count', { statements: [statement('a', -1, 1)], migrations: null }],
  ['a sum that is not exact', { statements: [statement('a', 2 ** 53 - 1, 1)], migrations: null }],
  ['an endless time', { statements: [statement('a', 1, 1e308)], migrations: null }],
  ['a long name', { statements: [statement('a'.repeat(5000), 1, 1)], migrations: null }],
  ['no time', { statements: [], migrations: { ...migrations(1), last: { name: 'm', applied_at: 'soon' } } }],
])('%s leaves the database out, and the rest of the answer stays', (_, database) => {
  const watched = watching();
  const keys = [{ kid: 'k', state: 'stolen', changes_in_seconds: 1 }];
  watched.round(meshOf(database, { keys, token: 'none', revocations: { state: 'following' } }));
  expect(watched.database()).toBeNull();
  expect(watched.record().keys).toBeNull();
  expect(watched.record().shedding).toBe(true);
  expect(watched.record().facts({ marks: 0, seconds: 0 })[0]).toMatchObject({ revocations: 'following' });
});

test('names that repeat count once', () => {
  const { round, database } = watching();
  const twice = (calls: number) =>
    meshOf({ statements: [statement('a', calls, 1), statement('a', calls, 1)], migrations: null });
  round(twice(10));
  round(twice(30));
  expect(database()?.statements).toMatchObject([{ name: 'a', rate: 10, calls: 30, totalMs: 1 }]);
});
