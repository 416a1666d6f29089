import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '@arcadium/mesh/testing';
import { provision } from '@arcadium/postgres/provision';
import { createTestCluster, type TestCluster } from '@arcadium/postgres/testing-cluster';
import { withClient } from '@arcadium/postgres/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commentRows } from '../src/comment-rows.ts';
import { openLoop } from '../src/load/open-loop.ts';
import { prepareMesh, serviceNames, until, type ServiceName, type TestMesh } from '../src/mesh.ts';
import { splitNetwork, whyNoNamespaces, type SplitNetwork } from '../src/partition/namespaces.ts';
import { newPerson } from '../src/people.ts';
import { startNode, type RunningProcess } from '../src/process.ts';

// The wiki and the notification service in network namespaces, whose packets are dropped: nothing is reset, and
// nothing is refused, as in a partition. What docs/resilience.md says of one is checked here.

const reason = whyNoNamespaces();
if (reason !== undefined)
  console.error(`Network namespaces cannot be made here: partitions were NOT tested (${reason.trim()})`);

let network: SplitNetwork;
let cluster: TestCluster;
let mesh: TestMesh;
let ann: Awaited<ReturnType<typeof newPerson>>;
let ben: Awaited<ReturnType<typeof newPerson>>;
let pageId: string;
const running = new Map<ServiceName, RunningProcess>();

/** Where this test reaches a service. */
function urlOf(service: ServiceName): string {
  const { port } = new URL(mesh.url(service));
  const host = { auth: '127.0.0.1', wiki: network.left.address, notification: network.right.address };
  return `http://${host[service]}:${port}`;
}

async function health(service: ServiceName): Promise<{ http: number; status: string }> {
  const answer = await fetch(`${urlOf(service)}/health`);
  return { http: answer.status, status: ((await answer.json()) as { status: string }).status };
}

async function healthy(): Promise<void> {
  for (const service of serviceNames)
    await until(
      async () => (await health(service).catch(() => undefined))?.status === 'healthy',
      `${service} is healthy`,
      () => running.get(service)?.output() ?? '',
    );
}

beforeAll(async () => {
  if (reason !== undefined) return;
  network = splitNetwork();
  cluster = await createTestCluster({ settings: ['listen_addresses=*'] });
  appendFileSync(join(cluster.dataDir, 'pg_hba.conf'), 'host all all 10.213.0.0/16 scram-sha-256\n');
  await withClient(cluster.adminUrl, undefined, (admin) => admin.query('SELECT pg_reload_conf()'));
  const url = (role: string) => `postgres://${role}:only-for-tests@127.0.0.1:${cluster.port}/arcadium`;
  const ownerUrl = (service: string) => url(`${service}_owner`);
  const services = serviceNames.map((name) => ({ name, url: url(name), ownerUrl: ownerUrl(name) }));
  await provision({ adminUrl: cluster.adminUrl, services, log: silentLogger });
  const adminUrl = cluster.adminUrl.replace(/\/postgres$/, '/arcadium');
  const end = () => cluster[Symbol.asyncDispose]();
  mesh = await prepareMesh({}, { url, ownerUrl, adminUrl, [Symbol.asyncDispose]: end });
  startServices();
  await healthy();
  const places = { url: urlOf };
  [ann, ben] = await Promise.all([newPerson(places, 'ann'), newPerson(places, 'ben')]);
  const page = { slug: `page-${randomUUID()}`, title: 'A page', body: 'Text' };
  ({ id: pageId } = await ann.wiki.pages.create.mutate(page));
});
afterAll(async () => {
  await Promise.all([...running.values()].map((one) => one[Symbol.asyncDispose]()));
  await mesh?.[Symbol.asyncDispose]();
  network?.[Symbol.dispose]();
});

/** Each with the addresses as its part of the network has them. */
function startServices(): void {
  const { left, right, between } = network;
  const at = (host: string, service: ServiceName) => `http://${host}:${new URL(mesh.url(service)).port}`;
  const environment = (service: ServiceName, hosts: Record<ServiceName | 'database', string>) => {
    const { DATABASE_URL = '', DATABASE_OWNER_URL = '', ...others } = mesh.environment(service);
    return {
      ...others,
      HOST: '0.0.0.0',
      DATABASE_URL: DATABASE_URL.replace('127.0.0.1', hosts.database),
      DATABASE_OWNER_URL: DATABASE_OWNER_URL.replace('127.0.0.1', hosts.database),
      ...Object.fromEntries(
        serviceNames.map((name) => [`${name.toUpperCase()}_SERVICE_URL`, at(hosts[name], name)]),
      ),
    };
  };
  const [local, l, r] = ['127.0.0.1', left.gateway, right.gateway];
  const ofAuth = { auth: local, database: local, wiki: left.address, notification: right.address };
  running.set('auth', startNode('services/auth/src/main.ts', environment('auth', ofAuth)));
  const ofWiki = { auth: l, database: l, wiki: between.left, notification: between.right };
  running.set('wiki', left.start('services/wiki/src/main.ts', environment('wiki', ofWiki)));
  const ofNotification = { auth: r, database: r, wiki: between.left, notification: between.right };
  running.set(
    'notification',
    right.start('services/notification/src/main.ts', environment('notification', ofNotification)),
  );
}

const unread = async () => (await ann.notification.notifications.unreadCount.query()).count;
const seconds = async (work: () => Promise<unknown>) => {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1000;
};

describe.skipIf(reason !== undefined)('a partition', () => {
  test('between wiki and notification: comments succeed at once, and each is told once when it heals', async () => {
    await ben.wiki.comments.create.mutate({ pageId, body: 'before' });
    await until(async () => (await unread()) === 1, 'Ann was told');

    network.left.drop({ address: network.between.right });
    const took = await seconds(() =>
      ben.wiki.comments.create.mutate({ pageId, body: 'while they are apart' }),
    );
    expect(took).toBeLessThan(2);
    await until(async () => (await health('wiki')).status === 'degraded', 'the wiki is degraded');
    expect(await health('wiki')).toEqual({ http: 200, status: 'degraded' });
    for (let n = 0; n < 5; n += 1) {
      await ben.wiki.comments.create.mutate({ pageId, body: `apart ${n}` });
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
    expect(await unread()).toBe(1);

    network.left.heal();
    const told = await seconds(() => until(async () => (await unread()) >= 7, 'Ann was told of each'));
    const well = await seconds(healthy);
    console.log({ commentSeconds: took, toldAfterSeconds: told, healthyAfterSeconds: told + well });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await unread()).toBe(7);
  });

  test('between wiki and database: calls fail within their time, other services serve, and it heals without a restart', async () => {
    const word = randomUUID();
    const { pid } = running.get('wiki') as RunningProcess;
    const acknowledged: number[] = [];
    let over = false;
    const load = openLoop({
      perSecond: 5,
      stopped: () => over,
      call: async (n) => {
        await ben.wiki.comments.create.mutate({ pageId, body: `${word} ${n}` });
        acknowledged.push(n);
      },
    });
    await until(() => acknowledged.length > 10, 'comments are written');
    network.left.drop({ port: cluster.port });
    const droppedAt = performance.now();
    await until(async () => (await health('wiki')).http === 503, 'the wiki is unhealthy');
    const noticed = (performance.now() - droppedAt) / 1000;
    expect((await fetch(`${urlOf('wiki')}/livez`)).status).toBe(200);
    const { code, took } = await failingQuery();
    expect(['SERVICE_UNAVAILABLE', 'TIMEOUT']).toContain(code);
    // The deadline of a person's call.
    expect(took).toBeLessThan(11);
    expect((await health('notification')).http).toBe(200);
    expect(await unread()).toBeGreaterThan(0);
    // Longer than any statement may take, so that connections were given up in the meantime.
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, 20_000 - (performance.now() - droppedAt))),
    );

    network.left.heal();
    const healedAt = performance.now();
    const count = acknowledged.length;
    await healthy();
    const well = (performance.now() - healedAt) / 1000;
    await until(() => acknowledged.length > count + 10, 'comments are written again');
    over = true;
    const { calls, failures } = await load;
    console.log({
      noticedAfterSeconds: noticed,
      queryFailedAfterSeconds: took,
      code,
      healthyAfterSeconds: well,
      calls,
      failed: failures.length,
    });
    const rows = await commentRows(mesh.database, `${word} `);
    expect([...rows.values()].filter((ids) => ids.length > 1)).toEqual([]);
    expect(acknowledged.filter((n) => !rows.has(`${word} ${n}`))).toEqual([]);
    expect(well).toBeLessThan(15);
    expect(running.get('wiki')?.pid).toBe(pid);
  });
});

async function failingQuery(): Promise<{ code: string; took: number }> {
  const since = performance.now();
  const code = await ben.wiki.pages.get.query({ id: pageId }).then(
    () => 'OK',
    (error: unknown) => String((error as { data?: { code?: string } }).data?.code),
  );
  return { code, took: (performance.now() - since) / 1000 };
}
