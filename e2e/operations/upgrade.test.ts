import { randomUUID } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commentRows } from '../src/comment-rows.ts';
import { startDatabase, type OwnDatabase } from '../src/database.ts';
import { openLoop, type LoadOutcome } from '../src/load/open-loop.ts';
import { serviceNames, until } from '../src/mesh.ts';
import { startReplicas, type ReplicatedMesh } from '../src/upgrade/replicas.ts';
import { checkOut, previousCommit, thisTree, type Version } from '../src/upgrade/versions.ts';

// What a release does to a running mesh: replicas of the version before and of this one side by side under
// load, one after the other exchanged, forward and back.

const perSecond = 8;
const each = 2;
/** What a release that expands the schema brings: the version before writes rows without the new column. */
const planted = {
  auth: `ALTER TABLE "users" ADD COLUMN "planted" TEXT NOT NULL DEFAULT 'by default';`,
  notification: `ALTER TABLE "notifications" ADD COLUMN "planted" TEXT NOT NULL DEFAULT 'by default';`,
  wiki: `ALTER TABLE "comments" ADD COLUMN "planted" TEXT NOT NULL DEFAULT 'by default';`,
};

const commit = previousCommit();
if (commit === undefined)
  console.error(
    'The commit before this one is not in this checkout (a shallow clone): that two versions work side by side was NOT tested. Fetch it: git fetch --deepen=1',
  );

let before: Version | undefined;
let after: Version | undefined;
let database: OwnDatabase | undefined;
let mesh: ReplicatedMesh | undefined;

beforeAll(async () => {
  if (commit === undefined) return;
  before = checkOut(commit);
  after = thisTree(planted);
  database = await startDatabase(serviceNames);
  mesh = await startReplicas(database, { version: before, each });
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  before?.remove();
  after?.remove();
});

test.skipIf(commit === undefined)(
  'every replica is exchanged for this version, and back, under load: no call fails, nothing is lost',
  async () => {
    if (!before || !after || !database || !mesh) throw new Error('not started');
    await using calls = await someCalls(mesh);
    let over = false;
    const load = openLoop({ perSecond, stopped: () => over, call: calls.make });
    const pace = async () => await new Promise((resolve) => setTimeout(resolve, 1000));
    await pace();
    const phases: Record<string, number> = {};
    for (const [phase, version] of [
      ['forward', after],
      ['back', before],
    ] as const) {
      const startedAt = performance.now();
      for (const replica of mesh.replicas) {
        await replica.replaceBy(version);
        await pace();
      }
      phases[phase] = Math.round((performance.now() - startedAt) / 1000);
      expect(await columnsPlanted(), `the schema of the newer version, after going ${phase}`).toBe(3);
    }
    over = true;
    const outcome = await load;
    console.log(summary(outcome, { before: before.name, seconds: phases }));
    expect(outcome.failures).toEqual([]);
    await calls.expectAll(outcome.calls);
  },
);

/** The kinds of calls that a user makes, in turn, by a client that knows all replicas. */
async function someCalls({ urls }: ReplicatedMesh) {
  const word = randomUUID();
  const person = await register(urls('auth'));
  const reader = await register(urls('auth'));
  const options = { as: 'user' as const, log: silentLogger };
  const wiki = connect(wikiContract, { ...options, token: person.token, url: urls('wiki') });
  const readers = connect(wikiContract, { ...options, token: reader.token, url: urls('wiki') });
  const inbox = connect(notificationContract, { ...options, token: person.token, url: urls('notification') });
  const auth = connect(authContract, { ...options, token: person.token, url: urls('auth') });
  const page = await wiki.pages.create.mutate({ slug: `page-${word}`, title: 'A page', body: 'Text' });
  const kinds: readonly ((n: number) => Promise<unknown>)[] = [
    () => wiki.pages.get.query({ id: page.id }),
    (n) => readers.comments.create.mutate({ pageId: page.id, body: `${word} ${n}` }),
    () => inbox.notifications.unreadCount.query(),
    () => auth.users.me.query(),
    () => wiki.pages.list.query({}),
  ];
  return {
    make: async (n: number): Promise<unknown> => await kinds[n % kinds.length]?.(n),
    /** Each comment is there once, and its author was told of each once. */
    async expectAll(made: number) {
      const numbers = Array.from({ length: made }, (_, n) => n).filter((n) => n % kinds.length === 1);
      const rows = await commentRows(database as OwnDatabase, `${word} `);
      expect([...rows.values()].filter((ids) => ids.length > 1)).toEqual([]);
      expect([...rows.keys()].toSorted()).toEqual(numbers.map((n) => `${word} ${n}`).toSorted());
      const told = async () => await count('notification.notifications', `user_id = '${person.id}'`);
      await until(async () => (await told()) >= numbers.length, 'the author is told of each comment');
      expect(await told()).toBe(numbers.length);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([wiki, readers, inbox, auth].map((client) => client[Symbol.asyncDispose]()));
    },
  };
}

async function register(url: string[]): Promise<{ id: string; token: string }> {
  await using anyone = connect(authContract, { as: 'anyone', url, log: silentLogger });
  const credentials = { email: `${randomUUID()}@example.com`, password: randomUUID() };
  await anyone.users.register.mutate({ ...credentials, name: 'A person' });
  const { accessToken, user } = await anyone.sessions.login.mutate(credentials);
  return { id: user.id, token: accessToken };
}

async function count(table: string, where: string): Promise<number> {
  const client = new Client({ connectionString: database?.adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${table} WHERE ${where}`,
    );
    return rows[0]?.n ?? 0;
  } finally {
    await client.end();
  }
}

function columnsPlanted(): Promise<number> {
  return count('information_schema.columns', `column_name = 'planted'`);
}

function summary({ calls, failures, latencies }: LoadOutcome, more: object): object {
  const longest = Math.round(Math.max(...latencies));
  return { ...more, calls, failed: failures.length, longestCallMs: longest };
}
