import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dashboardContract } from '@arcadium/contracts/dashboard';
import { connect } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { openTls, type Tls } from '@arcadium/mesh/tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyDatabase } from '../src/database.ts';
import { findDashboardPorts, startDashboard, type TestDashboard } from '../src/dashboard.ts';
import { prepareMesh, serviceNames, until, type TestMesh } from '../src/mesh.ts';
import { newPerson } from '../src/people.ts';
import { startNode, type RunningProcess } from '../src/process.ts';

// All four services with mutual TLS, as real processes with the certificates of `mesh certs`: the demo's story, and
// the exchange of every certificate under load.

const names = [...serviceNames, 'dashboard'] as const;
const certificates = await mkdtemp(join(tmpdir(), 'certs-'));

let mesh: TestMesh;
let dashboard: TestDashboard;
let tls: Tls;
const running = new Map<string, RunningProcess>();

/** `npm run mesh -- certs`, for the services and for the caller of this test. */
async function issueAll(): Promise<void> {
  const command = startNode('cli/src/mesh.ts', {}, [], ['certs', ...names, 'edge', '--out', certificates]);
  expect([await command.ended, command.output()]).toEqual([0, expect.stringContaining('edge')]);
}

const filesOf = (name: string) => ({
  certFile: join(certificates, name, 'tls.crt'),
  keyFile: join(certificates, name, 'tls.key'),
  caFile: join(certificates, name, 'ca.crt'),
});

function settingsOf(name: string, otlpPort: number): Record<string, string> {
  const { certFile, keyFile, caFile } = filesOf(name);
  return {
    TLS_CERT_FILE: certFile,
    TLS_KEY_FILE: keyFile,
    TLS_CA_FILE: caFile,
    TLS_CLIENT_AUTH: 'require',
    OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${otlpPort}`,
    ...Object.fromEntries(serviceNames.map((one) => [`${one.toUpperCase()}_SERVICE_URL`, url(one)])),
  };
}

const url = (name: (typeof serviceNames)[number]) => mesh.url(name).replace('http:', 'https:');

beforeAll(async () => {
  await issueAll();
  mesh = await prepareMesh({}, await copyDatabase(serviceNames));
  const ports = await findDashboardPorts();
  dashboard = await startDashboard(mesh, ports, {
    ...settingsOf('dashboard', ports.otlpPort),
    DASHBOARD_SERVICE_URL: `https://127.0.0.1:${ports.port}`,
    PUBLIC_VIEW: 'true',
  });
  running.set('dashboard', dashboard.process);
  for (const name of serviceNames)
    running.set(
      name,
      startNode(`services/${name}/src/main.ts`, {
        ...mesh.environment(name),
        ...settingsOf(name, ports.otlpPort),
      }),
    );
  const opened = openTls({ ...filesOf('edge'), pollMs: 200, log: silentLogger });
  if (!opened) throw new Error('no TLS');
  tls = opened;
  for (const name of serviceNames) await until(() => isHealthy(name), `${name} is healthy`, outputs);
});
afterAll(async () => {
  tls[Symbol.dispose]();
  await Promise.all([...running.values()].map((one) => one[Symbol.asyncDispose]()));
  await dashboard[Symbol.asyncDispose]();
  await mesh[Symbol.asyncDispose]();
  await rm(certificates, { recursive: true });
});

function outputs(): string {
  return [...running.values()].map((one) => one.output()).join('\n');
}

async function isHealthy(name: (typeof serviceNames)[number]): Promise<boolean> {
  const answer = await tls.fetch(`${url(name)}/health`).catch(() => undefined);
  const { status } = ((await answer?.json()) ?? {}) as { status?: string };
  return status === 'healthy';
}

/** Lines about certificates and handshakes that say that something is wrong. */
function problems(): string[] {
  return [...running.entries()].flatMap(([name, one]) =>
    one
      .logged()
      .filter(({ level, msg = '' }) => level !== 'info' && /TLS|certificate/.test(msg))
      .map((line) => `${name}: ${JSON.stringify(line)}`),
  );
}

test('the story of the demo passes, by the command line and over HTTPS', async () => {
  const { TLS_CERT_FILE = '', TLS_KEY_FILE = '', TLS_CA_FILE = '' } = settingsOf('edge', 0);
  const demo = startNode('cli/src/demo.ts', {
    PUBLIC_KEYS: mesh.environment('auth')['PUBLIC_KEYS'] ?? '',
    AUTH_SERVICE_URL: url('auth'),
    NOTIFICATION_SERVICE_URL: url('notification'),
    WIKI_SERVICE_URL: url('wiki'),
    TLS_CERT_FILE,
    TLS_KEY_FILE,
    TLS_CA_FILE,
  });
  expect([await demo.ended, demo.output()]).toEqual([0, expect.stringContaining('access token')]);
});

test('the dashboard sees every service, and receives their traces', async () => {
  await using client = connect(dashboardContract, {
    as: 'anyone',
    url: dashboard.url.replace('http:', 'https:'),
    tls,
    log: silentLogger,
  });
  const seen = async () =>
    (await client.status.list.query()).services.map(({ service, status }) => `${service} ${status}`);
  await expect
    .poll(seen, { timeout: 60_000 })
    .toEqual(expect.arrayContaining(serviceNames.map((name) => `${name} healthy`)));
  await expect
    .poll(async () => (await client.traces.list.query({})).items.length, { timeout: 60_000 })
    .toBeGreaterThan(0);
});

test('every certificate is exchanged under load, and no call fails', async () => {
  const ann = await newPerson({ url }, 'Ann', { tls });
  const ben = await newPerson({ url }, 'Ben', { tls, transport: 'http' });
  const slug = 'exchanged';
  const page = await ann.wiki.pages.create.mutate({ slug, title: 'Exchanged', body: 'Under load' });
  const ending = new AbortController();
  const outcomes = { done: 0, failed: [] as string[] };
  const repeat = async (call: () => Promise<unknown>): Promise<void> => {
    while (!ending.signal.aborted) {
      await call().then(
        () => (outcomes.done += 1),
        (error: unknown) => outcomes.failed.push(String(error)),
      );
      await sleep(40);
    }
  };
  const load = [
    repeat(() => ann.wiki.pages.get.query({ slug })),
    repeat(() => ben.wiki.pages.get.query({ slug })),
    // A notification for Ann by the outbox, from service to service.
    repeat(() => ben.wiki.comments.create.mutate({ pageId: page.id, body: 'Still here' })),
    repeat(() => ann.notification.notifications.list.query({})),
    repeat(() => ben.auth.users.me.query()),
  ];
  const changed = (one: RunningProcess) =>
    one.logged().filter(({ msg }) => msg?.startsWith('TLS files have changed')).length;
  for (let round = 1; round <= 3; round += 1) {
    await issueAll();
    await until(
      () => [...running.values()].every((one) => changed(one) >= round),
      `every process has loaded its files ${round} times`,
      outputs,
    );
    await sleep(500);
  }
  ending.abort();
  await Promise.all(load);
  await using watching = ann.notification;
  await until(
    async () => (await watching.notifications.list.query({})).items.length > 0,
    'Ann was notified',
    outputs,
  );
  expect(outcomes.failed).toEqual([]);
  console.log(`${outcomes.done} calls while every certificate was exchanged three times, 0 failed`);
  expect(outcomes.done).toBeGreaterThan(100);
  expect(problems()).toEqual([]);
});
