import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFaultProxy, type FaultProxy } from './src/fault-proxy/index.ts';
import { kindsOfCalls, type KindOfCall } from './src/fault-table/calls.ts';
import {
  expectedOf,
  kinds,
  lasting,
  passesAfterMs,
  passing,
  relayed,
  watched,
  type Kind,
} from './src/fault-table/expectations.ts';
import { withTables, type Measured } from './src/fault-table/markdown.ts';
import { measureRelay } from './src/fault-table/measure-relay.ts';
import { measureRows } from './src/fault-table/measure-rows.ts';
import { measureWatch } from './src/fault-table/measure-watch.ts';
import { answeredCalls, sumOf } from './src/fault-table/server-count.ts';
import { startMesh, type TestMesh } from './src/mesh.ts';
import { newAdministrator, newPerson } from './src/people.ts';
import { root } from './src/process.ts';

// Every fault of the proxy, on every kind of call. All rows run at the same time, each with its own client
// and proxy, because they mostly wait. The results are in docs/resilience.md, written by `npx vitest run
// e2e/resilience.test.ts --update`.

let mesh: TestMesh;
let proxy: FaultProxy;
let measured: Measured;
/** Calls that the services answered while the rows ran, by procedure. */
let answered: ReadonlyMap<string, number>;
let passedOn: ReadonlyMap<string, number>;

beforeAll(async () => {
  mesh = await startMesh(async (url) => {
    proxy = await startFaultProxy(url('notification'));
    return { NOTIFICATION_SERVICE_URL: proxy.url, RETRY_JITTER: '0' };
  });
  const calls = await newSubject();
  const [author, reader] = await Promise.all([newPerson(mesh, 'author'), newPerson(mesh, 'reader')]);
  const before = await countAll();
  const others = 2 * watched.length;
  const [staying, going, watches, relays] = await Promise.all([
    measureRows(lasting, { mesh, calls, turn: others }),
    measureRows(passing, { mesh, calls, turn: others + lasting.length * kinds.length, passesAfterMs }),
    Promise.all(watched.map((one) => measureWatch(mesh, one))),
    measureRelay(mesh, { proxy, cases: relayed, author, reader }),
  ]);
  measured = {
    lasting: staying.rows,
    passing: going.rows,
    watched: named(watched, watches),
    relayed: named(relayed, relays),
  };
  passedOn = sumOf([...staying.passedOn, ...going.passedOn]);
  answered = sumOf([...(await countAll()), ...[...before].map(([path, n]) => [path, -n] as const)]);
}, 150_000);
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

/** A page whose author comments on it, so that no one is notified. */
async function newSubject(): Promise<Record<Kind, KindOfCall>> {
  const ann = await newPerson(mesh, 'ann');
  // The answer is longer than what any fault lets pass.
  const page = await ann.wiki.pages.create.mutate({
    slug: 'page',
    title: 'A page',
    body: 'Text. '.repeat(100),
  });
  const adminToken = await newAdministrator(mesh);
  return kindsOfCalls({ ...ann, adminToken, pageId: page.id });
}

/** Number of answers of the services so far. */
async function countAll(): Promise<Map<string, number>> {
  const [wiki, auth] = await Promise.all([answeredCalls(mesh.url('wiki')), answeredCalls(mesh.url('auth'))]);
  return sumOf([...wiki, ...auth]);
}

function named<Outcome>(cases: readonly { name: string }[], outcomes: readonly Outcome[]) {
  return outcomes.map((outcome, n) => Object.assign({ name: cases[n]?.name ?? '' }, outcome));
}

describe.each([
  ['that stays', lasting, () => measured.lasting],
  ['that goes away', passing, () => measured.passing],
] as const)('a fault %s', (_, cases, rows) => {
  const calls = cases.flatMap((row, n) =>
    kinds.map((kind) => [row.name, kind, { n, outcome: expectedOf(row, kind) }] as const),
  );
  test.each(calls)('%s: %s', (_name, kind, { n, outcome }) => {
    expect(rows()[n]?.outcomes[kind]).toEqual(outcome);
  });
});

test('what was passed on is what the services answered, by their own metrics', () => {
  // The relay's comments go directly to the wiki: one before its faults, one with each.
  const direct = new Map([['comments.create', 1 + relayed.length]]);
  for (const path of ['pages.get', 'pages.watch', 'comments.create', 'keys.list', 'serviceTokens.issue']) {
    const count = (passedOn.get(path) ?? 0) + (direct.get(path) ?? 0);
    expect([path, answered.get(path)]).toEqual([path, count]);
  }
});

test.each(watched.map(({ name, expected }, n) => [name, { n, expected }] as const))(
  'a watcher: %s',
  (name, { n, expected }) => {
    expect(measured.watched[n]).toEqual({ name, ...expected });
  },
);

test.each(relayed.map(({ name, expected }, n) => [name, { n, expected }] as const))(
  'the relay: %s',
  (name, { n, expected }) => {
    expect(measured.relayed[n]).toEqual({ name, ...expected });
  },
);

test('docs/resilience.md says what was measured', async () => {
  const file = join(root, 'docs', 'resilience.md');
  await expect(withTables(await readFile(file, 'utf8'), measured)).toMatchFileSnapshot(file);
});
