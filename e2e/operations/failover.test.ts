import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLoop } from '../src/load/open-loop.ts';
import { serviceNames, startMesh, until, type TestMesh } from '../src/mesh.ts';
import { newPerson } from '../src/people.ts';
import { startReplicatedDatabase, type ReplicatedDatabase } from '../src/replicated-database.ts';

// The primary is killed under writes, and its standby promoted, as an operator or Patroni does it.

const perSecond = 10;
/** Enough that comments do not wait for one another's locks. */
const pages = 20;
/** How long an operator, or what they use, takes to notice and decide, in milliseconds. */
const decisionMs = 2_000;

let mesh: TestMesh<ReplicatedDatabase>;
let ann: Awaited<ReturnType<typeof newPerson>>;
let ben: Awaited<ReturnType<typeof newPerson>>;
let pageIds: string[];

beforeAll(async () => {
  mesh = await startMesh({}, await startReplicatedDatabase(serviceNames));
  [ann, ben] = await Promise.all([newPerson(mesh, 'ann'), newPerson(mesh, 'ben')]);
  pageIds = [];
  for (let n = 0; n < pages; n += 1) {
    const slug = `page-${randomUUID()}`;
    pageIds.push((await ann.wiki.pages.create.mutate({ slug, title: 'A page', body: 'Text' })).id);
  }
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

test('services follow to the standby within 10 s of its promotion, without a restart, and what was acknowledged is there', async () => {
  const { servers } = mesh.database;
  const pids = serviceNames.map((service) => mesh.process(service).pid);
  const word = randomUUID();
  const acknowledged: { n: number; at: number }[] = [];
  let over = false;
  const load = openLoop({
    perSecond,
    stopped: () => over,
    call: async (n) => {
      await ben.wiki.comments.create.mutate({ pageId: pageIds[n % pages] ?? '', body: `${word} ${n}` });
      acknowledged.push({ n, at: performance.now() });
    },
  });
  await until(() => acknowledged.length > 3 * perSecond, 'comments are written');

  await servers.primary.kill();
  const killedAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, decisionMs));
  await servers.promote();
  const promotedAt = performance.now();
  await until(() => acknowledged.some(({ at }) => at > promotedAt), 'writes are acknowledged again');
  await mesh.healthy();
  const healthyAt = performance.now();
  const sinceHealthy = () => acknowledged.filter(({ at }) => at > healthyAt).length;
  await until(() => sinceHealthy() > 3 * perSecond, 'the load goes on');
  over = true;
  const { calls, failures } = await load;

  const firstAt = Math.min(...acknowledged.filter(({ at }) => at > killedAt + 500).map(({ at }) => at));
  const rows = await commentsWith(word);
  const lost = acknowledged.filter(({ n }) => !rows.includes(`${word} ${n}`));
  console.log({
    calls,
    failed: failures.length,
    acknowledged: acknowledged.length,
    lost: lost.length,
    writesAfterPromotionMs: Math.round(firstAt - promotedAt),
    healthyAfterPromotionMs: Math.round(healthyAt - promotedAt),
    withoutWritesMs: Math.round(firstAt - killedAt),
  });
  expect(lost).toEqual([]);
  expect(new Set(rows).size).toBe(rows.length);
  expect(healthyAt - promotedAt).toBeLessThan(10_000);
  expect(firstAt - promotedAt).toBeLessThan(10_000);
  expect(serviceNames.map((service) => mesh.process(service).pid)).toEqual(pids);
  // Notifications went through the outbox and LISTEN of two services: these have followed too.
  const expected = rows.length;
  await until(
    async () => (await ann.notification.notifications.unreadCount.query()).count >= Math.min(expected, 99),
    'Ann was told',
  );
});

async function commentsWith(word: string): Promise<string[]> {
  const { standby } = mesh.database.servers;
  const client = new Client({ connectionString: standby.adminUrl.replace(/\/postgres$/, '/arcadium') });
  await client.connect();
  try {
    const { rows } = await client.query<{ body: string }>(
      'SELECT body FROM wiki.comments WHERE starts_with(body, $1)',
      [word],
    );
    return rows.map(({ body }) => body);
  } finally {
    await client.end();
  }
}
