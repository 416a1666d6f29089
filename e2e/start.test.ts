import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '@arcadium/mesh/testing';
import { provision } from '@arcadium/postgres/provision';
import { createTestCluster, findFreePort } from '@arcadium/postgres/testing-cluster';
import { startDatabase, type OwnDatabase } from './src/database.ts';
import { serviceNames, startMesh, until, type TestMesh } from './src/mesh.ts';
import { newPerson } from './src/people.ts';
import { startNode } from './src/process.ts';

let mesh: TestMesh<OwnDatabase>;
beforeAll(async () => {
  mesh = await startMesh({}, await startDatabase(serviceNames));
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

test('a configuration that cannot be used is refused whole, before anything listens', async () => {
  const wiki = startNode('services/wiki/src/main.ts', {
    ENVIRONMENT: 'e2e',
    PORT: 'many',
    DATABASE_URL: 'mysql://root:secret@db/x',
    PUBLIC_KEYS: '{}',
    AUTH_SERVICE_URL: 'auth:8000',
  });
  expect(await wiki.ended).toBe(1);
  const lines = wiki.output().trim().split('\n');
  expect(lines[0]).toContain('configuration');
  expect(
    lines
      .slice(1, -1)
      .map((line) => line.trim().replace(/^- (\w+):.*$/, '$1'))
      .toSorted(),
  ).toEqual(['AUTH_SERVICE_URL', 'DATABASE_URL', 'PORT', 'PUBLIC_KEYS', 'SERVICE_TOKEN']);
  expect(wiki.output()).not.toContain('secret');
});

test('a port that is taken is named, with the setting that changes it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const wiki = startNode('services/wiki/src/main.ts', { ...mesh.environment('wiki'), PORT: String(port) });
  expect(await wiki.ended).toBe(1);
  expect(wiki.output()).toContain(`Port ${port} is taken: set`);
  server.close();
});

test('a service that starts before its database waits for it, and says so', async () => {
  const port = await findFreePort();
  const url = `postgres://wiki:early@127.0.0.1:${await findFreePort()}/arcadium`;
  await using wiki = startNode('services/wiki/src/main.ts', {
    ...mesh.environment('wiki'),
    PORT: String(port),
    DATABASE_URL: url,
    DATABASE_OWNER_URL: url,
  });
  await until(
    () => wiki.logged().some(({ msg }) => msg?.startsWith('waiting for the database: ')),
    'it says that it waits',
    wiki.output,
  );
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: 'not ready', reason: 'starting', timestamp: expect.any(String) },
  ]);
  const call = await fetch(`http://127.0.0.1:${port}/trpc/pages.list`);
  expect([call.status, call.headers.get('retry-after')]).toEqual([503, '1']);
  wiki.signal('SIGTERM');
  expect(await wiki.ended).toBe(0);
});

test('services that start before their roles and database are made wait for those', async () => {
  await using cluster = await createTestCluster();
  const url = `postgres://wiki:early@127.0.0.1:${cluster.port}/arcadium`;
  const ownerUrl = `postgres://wiki_owner:early@127.0.0.1:${cluster.port}/arcadium`;
  const port = await findFreePort();
  await using wiki = startNode('services/wiki/src/main.ts', {
    ...mesh.environment('wiki'),
    PORT: String(port),
    DATABASE_URL: url,
    DATABASE_OWNER_URL: ownerUrl,
  });
  await until(
    () => wiki.logged().some(({ msg }) => msg?.startsWith('waiting for the database: ')),
    'it says that it waits',
    wiki.output,
  );
  await provision({
    adminUrl: cluster.adminUrl,
    services: [{ name: 'wiki', url, ownerUrl }],
    log: silentLogger,
  });
  const ready = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(ready, 'it is ready', wiki.output);
  // On a busy machine a line about revocations may follow.
  expect(wiki.logged()).toContainEqual(expect.objectContaining({ msg: 'wiki is ready' }));
});

test('under node --watch, as in containers for development, a service does all that it does', async () => {
  mesh.process('wiki').signal('SIGTERM');
  await mesh.process('wiki').ended;
  const watched = startNode('services/wiki/src/main.ts', mesh.environment('wiki'), ['--watch']);
  await mesh.healthy();
  const ann = await newPerson(mesh, 'ann');
  const page = { slug: 'watched', title: 'Watched', body: 'See [another](another.md).' };
  const { id } = await ann.wiki.pages.create.mutate(page);
  const { items } = await ann.wiki.links.broken.query({ pageId: id });
  expect(items).toMatchObject([{ slug: 'watched', target: 'another' }]);
  watched.signal('SIGINT');
  expect(await watched.ended).toBe(0);
  mesh.start('wiki');
  await mesh.healthy();
});

test('three replicas that start at once migrate once', async () => {
  const admin = new pg.Client({ connectionString: mesh.database.adminUrl });
  await admin.connect();
  await admin.query('DROP SCHEMA notification CASCADE');
  await admin.end();
  await mesh.database.provision();
  const ports = [await findFreePort(), await findFreePort(), await findFreePort()];
  const replicas = ports.map((port) =>
    startNode('services/notification/src/main.ts', {
      ...mesh.environment('notification'),
      PORT: String(port),
      // At higher levels the first migrations are not logged.
      LOG_LEVEL: 'debug',
    }),
  );
  for (const [index, port] of ports.entries()) {
    const ready = () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(ready, `replica ${index} is ready`, replicas[index]?.output);
  }
  const applied = replicas.flatMap((replica) =>
    replica.logged().filter(({ msg }) => msg === 'migration applied'),
  );
  const names = applied.map(({ migration }) => migration);
  expect(names.length).toBeGreaterThan(0);
  expect(new Set(names).size).toBe(names.length);
  await Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()));
});

test('a role reaches its own schema only, and that of traffic changes rows only', async () => {
  const wiki = new pg.Client({ connectionString: mesh.database.url('wiki') });
  await wiki.connect();
  for (const table of ['auth.users', 'notification.notifications']) {
    await expect(wiki.query(`SELECT * FROM ${table}`)).rejects.toThrow('permission denied');
  }
  for (const change of [
    'CREATE TABLE public.mine (x int)',
    'CREATE TABLE mine (x int)',
    'CREATE TEMPORARY TABLE mine (x int)',
    'CREATE FUNCTION mine() RETURNS int RETURN 1',
    'TRUNCATE pages',
    'DELETE FROM _prisma_migrations',
  ])
    await expect(wiki.query(change), change).rejects.toThrow('permission denied');
  for (const change of ['ALTER TABLE pages ADD x int', 'DROP TABLE pages', 'CREATE INDEX ON pages (title)'])
    await expect(wiki.query(change), change).rejects.toThrow('must be owner');
  await expect(wiki.query('SELECT count(*) FROM pages')).resolves.toMatchObject({ rowCount: 1 });
  await wiki.end();
});
