import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '@arcadium/mesh/testing';
import { provision } from '@arcadium/postgres/provision';
import { createTestCluster, findFreePort } from '@arcadium/postgres/testing-cluster';
import { startDatabase, type OwnDatabase } from './src/database.ts';
import { prepareMesh, serviceNames, until, type ServiceName, type TestMesh } from './src/mesh.ts';
import { startNode, type LogLine, type RunningProcess } from './src/process.ts';

let mesh: TestMesh<OwnDatabase>;
beforeAll(async () => {
  mesh = await prepareMesh({}, await startDatabase(serviceNames));
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

/** How long a process expects others to be starting, in milliseconds. */
const graceMs = 10_000;

const loud = ['warn', 'error', 'fatal'];

/**
 * What a process logged above debug level. A start on a busy machine may take longer than the grace period:
 * later lines do not count.
 */
function said(process: RunningProcess, startedAt: number): LogLine[] {
  return process.logged().filter(({ time }) => Date.parse(String(time)) - startedAt < graceMs);
}

/** Stops all processes, and deletes their data and local copies. */
async function forgetAll(): Promise<void> {
  for (const service of serviceNames) {
    mesh.process(service).signal('SIGKILL');
    await mesh.process(service).ended;
    await rm(mesh.environment(service)['STATE_DIR'] ?? '', { recursive: true, force: true });
  }
  const admin = new pg.Client({ connectionString: mesh.database.adminUrl });
  await admin.connect();
  for (const service of serviceNames) await admin.query(`DROP SCHEMA ${service} CASCADE`);
  await admin.end();
  await mesh.database.provision();
}

const has = (service: ServiceName, message: string) => () =>
  mesh
    .process(service)
    .logged()
    .some(({ msg }) => msg?.includes(message));

const answers = (service: ServiceName) => async () => (await mesh.health(service)).http !== 0;

type Step = readonly [service: ServiceName, before: 'at once' | 'listens' | 'is ready'];

describe('a healthy start', () => {
  afterEach(forgetAll);

  test.each<[string, readonly Step[]]>([
    [
      'all at once',
      [
        ['wiki', 'at once'],
        ['notification', 'at once'],
        ['auth', 'at once'],
      ],
    ],
    [
      'one after the other, auth last',
      [
        ['notification', 'listens'],
        ['wiki', 'listens'],
        ['auth', 'at once'],
      ],
    ],
    [
      'auth when the others are ready without it',
      [
        ['wiki', 'at once'],
        ['notification', 'is ready'],
        ['auth', 'at once'],
      ],
    ],
    [
      'auth alone at first',
      [
        ['auth', 'is ready'],
        ['wiki', 'listens'],
        ['notification', 'at once'],
      ],
    ],
  ])('says one line for each service, which is no warning: %s', async (_order, steps) => {
    const startedAt = new Map<ServiceName, number>();
    for (const [service, before] of steps) {
      startedAt.set(service, Date.now());
      mesh.start(service);
      const reached = before === 'listens' ? answers(service) : has(service, before);
      if (before !== 'at once')
        await until(reached, `${service} ${before}`, () => mesh.process(service).output());
    }
    await mesh.healthy();
    for (const service of serviceNames) {
      const lines = said(mesh.process(service), startedAt.get(service) ?? 0);
      expect(lines.filter(({ level = '' }) => loud.includes(level))).toEqual([]);
      expect(lines.length).toBeLessThanOrEqual(1);
      expect(has(service, `${service} is ready`)()).toBe(true);
    }
  });
});

test('services whose database is still being made say what they wait for, and serve as soon as it is', async () => {
  await using cluster = await createTestCluster();
  const urlAs = (role: string) => `postgres://${role}:early@127.0.0.1:${cluster.port}/arc2`;
  const wanted = serviceNames.map((name) => ({ name, url: urlAs(name), ownerUrl: urlAs(`${name}_owner`) }));
  const admin = new pg.Client({ connectionString: cluster.adminUrl });
  await admin.connect();
  for (const { name } of wanted)
    for (const role of [name, `${name}_owner`])
      await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'early'`);
  await admin.query('CREATE DATABASE arc2 TEMPLATE template0');
  await admin.end();

  const state = await mkdtemp(join(tmpdir(), 'arcadium-state-'));
  const startedAt = Date.now();
  const started = await Promise.all(
    wanted.map(async ({ name, url, ownerUrl }) => {
      const port = await findFreePort();
      const own = {
        PORT: String(port),
        DATABASE_URL: url,
        DATABASE_OWNER_URL: ownerUrl,
        STATE_DIR: join(state, name),
      };
      const process = startNode(`services/${name}/src/main.ts`, { ...mesh.environment(name), ...own });
      const ready = () =>
        fetch(`http://127.0.0.1:${port}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
      return { name, process, ready };
    }),
  );
  try {
    for (const { name, process } of started)
      await until(
        () => process.logged().some(({ msg }) => msg?.startsWith('waiting for the database: ')),
        `${name} says that it waits`,
        process.output,
      );
    await provision({ adminUrl: cluster.adminUrl, services: wanted, log: silentLogger });
    for (const { name, process, ready } of started) {
      await until(ready, `${name} is ready`, process.output);
      const waiting = process.logged().filter(({ msg }) => msg?.startsWith('waiting for'));
      expect([...new Set(waiting.map(({ msg }) => msg))]).toEqual([
        `waiting for the database: schema "${name}" does not exist yet in database "arc2"; it is created by provisioning`,
      ]);
      const lines = said(process, startedAt);
      expect(lines.filter(({ level = '' }) => loud.includes(level))).toEqual([]);
      expect(lines.length).toBeLessThanOrEqual(2);
    }
  } finally {
    for (const { process } of started) await process[Symbol.asyncDispose]();
    await rm(state, { recursive: true, force: true });
  }
});
