import { chmodSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLoop } from '../src/load/open-loop.ts';
import { plainRequest } from '../src/load/plain-request.ts';
import { root } from '../src/process.ts';
import { until } from '../src/mesh.ts';
import { newPerson } from '../src/people.ts';
import { readSecrets, strangers } from './image.ts';
import {
  allHealthy,
  checked,
  compose,
  containers,
  docker,
  healthOf,
  ports,
  project,
  run,
  signal,
  succeed,
  tryCompose,
  type ServiceName,
} from './containers.ts';

const serviceNames = Object.keys(ports) as ServiceName[];
const mesh = { url: (service: ServiceName) => `http://localhost:${ports[service]}` };

beforeAll(async () => {
  await compose('down', '--volumes', '--remove-orphans');
});
afterAll(async () => {
  await compose('down', '--volumes', '--remove-orphans');
});

test('npm run compose brings up everything from nothing, healthy by their own checks', async () => {
  await compose('build');
  const startedAt = performance.now();
  const output = await succeed('npm', 'run', 'compose');
  console.log(`healthy ${((performance.now() - startedAt) / 1000).toFixed(1)} s after the build`);
  expect(output).toContain('npm run demo');
  expect(await checked()).toEqual({
    'auth-1': 'healthy',
    'dashboard-1': 'healthy',
    'edge-1': 'healthy',
    'notification-1': 'healthy',
    'wiki-1': 'healthy',
    'postgres-1': 'healthy',
  });
});

test('npm run demo tells its story to it', async () => {
  expect(await succeed('npm', 'run', 'demo')).toContain('Every check passed.');
});

test.each(serviceNames)('the image of %s holds its service, and no more', async (service) => {
  const image = `${project}/${service}`;
  const sizeOf = async (name: string) => Number(await docker('inspect', '--format', '{{.Size}}', name));
  const added = (await sizeOf(image)) - (await sizeOf('node:24-bookworm-slim'));
  console.log(`${image}: ${(added / 1e6).toFixed(0)} MB over its base`);
  expect(added).toBeLessThan(130e6);

  const history = await docker('history', '--no-trunc', image);
  const secrets = readSecrets();
  for (const secret of secrets) expect(history).not.toContain(secret);
  const grep = ['run', '--rm', '-i', '--user', 'root', '--entrypoint', 'grep', image];
  const found = await run(
    'docker',
    [...grep, '-rlFf', '-', '/app', '/home', '/root', '/etc'],
    secrets.join('\n'),
  );
  expect(found).toEqual({ code: 1, output: '' });

  const listing = await docker('run', '--rm', '--entrypoint', 'find', image, '/app');
  expect(strangers(service, listing.trim().split('\n'))).toEqual([]);
});

test.each(serviceNames)('%s runs without rights, on a file system that it cannot change', async (service) => {
  const inside = (...command: string[]) => run('docker', ['exec', `arcadium-test-${service}-1`, ...command]);
  expect((await inside('id', '-u')).output.trim()).not.toBe('0');
  for (const path of ['/app/x', '/app/services/x', '/x', '/home/node/x'])
    expect((await inside('touch', path)).output).toContain('Read-only file system');
  const { output } = await inside('grep', '-E', 'Cap(Prm|Eff|Bnd)|NoNewPrivs', '/proc/1/status');
  expect(output.match(/Cap\w+:\s+0{16}/g)).toHaveLength(3);
  expect(output).toMatch(/NoNewPrivs:\s+1/);
});

test('three replicas that start together on an empty database migrate it once', async () => {
  await compose('down', '--volumes');
  await compose('up', '--detach', '--wait', '--scale', 'wiki=3');
  const all = await checked();
  expect(Object.keys(all).filter((name) => name.startsWith('wiki'))).toHaveLength(3);
  expect(new Set(Object.values(all))).toEqual(new Set(['healthy']));
  const count = 'SELECT count(*), count(DISTINCT migration_name) FROM wiki._prisma_migrations';
  const psql = ['psql', '-U', 'postgres', '-d', 'arcadium', '-tAc', count];
  const migrations = readdirSync(join(root, 'prisma/wiki/migrations')).filter((name) => /^\d/.test(name));
  expect((await compose('exec', '-T', 'postgres', ...psql)).trim()).toBe(
    `${migrations.length}|${migrations.length}`,
  );
});

test('replicas that are restarted one after the other refuse no connection and reset none', async () => {
  const ann = await newPerson(mesh, 'ann', { transport: 'http' });
  const page = await ann.wiki.pages.create.mutate({ slug: 'steady', title: 'Steady', body: 'Words.' });
  const input = encodeURIComponent(JSON.stringify({ id: page.id }));
  const kept = Array.from({ length: 20 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  let over = false;
  const stopped = () => over;
  const ask = async (agent: Agent | false) => {
    const headers = { authorization: `Bearer ${ann.token}` };
    // An address instead of a name: resolving a name occupies one of Node's four threads.
    const url = `http://127.0.0.1:${ports.wiki}/trpc/pages.get?input=${input}`;
    const { status, body } = await plainRequest(url, { agent, headers });
    // An overloaded replica may refuse a call, which is safe to repeat. A replica that is not ready must get
    // none.
    if (status !== 200 && !body.includes('is overloaded')) throw new Error(`${status}: ${body}`);
  };
  const load = Promise.all([
    openLoop({ perSecond: 200, stopped, call: () => ask(false) }),
    openLoop({ perSecond: 100, stopped, call: (n) => ask(kept[n % 20] as Agent) }),
  ]);
  for (const n of [1, 2, 3]) {
    await docker('restart', `${project}-wiki-${n}`);
    await allHealthy();
    // Until the edge has noticed.
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
  over = true;
  const [fresh, reused] = await load;
  for (const agent of kept) agent.destroy();
  console.log(`${fresh.calls} connections, and ${reused.calls} calls on kept ones, during three restarts`);
  expect({ fresh: fresh.failures, reused: reused.failures }).toEqual({ fresh: [], reused: [] });
});

test('without notification the wiki is degraded, healthy for Docker, and takes comments', async () => {
  const ann = await newPerson(mesh, 'ann', { transport: 'http' });
  const { id } = await ann.wiki.pages.create.mutate({
    slug: 'contained',
    title: 'Contained',
    body: 'Words.',
  });
  await compose('stop', 'notification');
  await until(async () => (await healthOf('wiki')).status === 'degraded', 'the wiki is degraded');
  expect(await healthOf('wiki')).toEqual({ http: 200, status: 'degraded' });
  await ann.wiki.comments.create.mutate({ pageId: id, body: 'Still here.' });
  // Longer than Docker needs to mark a container as unhealthy.
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  expect(await checked()).toMatchObject({ 'wiki-1': 'healthy', 'wiki-2': 'healthy', 'wiki-3': 'healthy' });
  await compose('start', 'notification');
  await until(async () => (await healthOf('wiki')).status === 'healthy', 'the wiki is healthy');
  await allHealthy();
});

test('a call that is under way when all stops is finished', async () => {
  const socket = connect(ports.auth, 'localhost');
  const body = JSON.stringify({ email: 'nobody@example.com', password: 'four words are long' });
  const head = `POST /trpc/sessions.login HTTP/1.1\r\nhost: auth\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  socket.write(head + body.slice(0, 10));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const stopped = compose('stop', 'auth', 'edge');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  socket.write(body.slice(10));
  expect(await text(socket)).toContain('HTTP/1.1 401');
  await stopped;
  await compose('start', 'auth', 'edge');
  await allHealthy();
});

test('PostgreSQL may go and come back: no service starts again for it', async () => {
  const before = await containers();
  await compose('stop', 'postgres');
  const unhealthy = async () => {
    const { 'auth-1': auth, 'notification-1': notification, 'wiki-1': wiki } = await checked();
    return [auth, notification, wiki].every((health) => health === 'unhealthy');
  };
  await until(unhealthy, 'all services are unhealthy', () => '');
  expect(await healthOf('auth')).toEqual({ http: 503, status: 'unhealthy' });
  await compose('start', 'postgres');
  await allHealthy();
  const started = (list: typeof before) =>
    Object.fromEntries(
      list.filter(({ service }) => service !== 'postgres').map((one) => [one.name, one.startedAt]),
    );
  expect(started(await containers())).toEqual(started(before));
});

test.each([
  ['auth', 'node', 'src/main.ts'],
  ['notification', 'node', 'src/main.ts'],
  ['wiki', 'node', 'src/main.ts'],
  ['edge', 'haproxy', '^haproxy'],
  ['postgres', 'postgres', '^postgres'],
])('%s comes back after kill -9', async (service, account, command) => {
  const name = `arcadium-test-${service}-1`;
  const restarts = async () => (await containers()).find((one) => one.name === name)?.restarts ?? 0;
  const before = await restarts();
  await signal(name, 'KILL', [account, command]);
  await until(async () => (await restarts()) > before, `${service} has started again`);
  await allHealthy();
  for (const each of serviceNames)
    await until(async () => (await healthOf(each)).status === 'healthy', `${each} is healthy from outside`);
  expect(await restarts()).toBeGreaterThan(before);
});

test('a configuration that cannot be used ends the container at once, and all of it is said', async () => {
  const wrong = [
    'PORT=many',
    'AUTH_SERVICE_URL=auth:8000',
    'DATABASE_URL=mysql://db/x',
    'SERVICE_TOKEN_FILE=/none',
  ];
  const started = [
    'run',
    '--rm',
    '--no-deps',
    '--no-TTY',
    ...wrong.flatMap((setting) => ['-e', setting]),
    'wiki',
  ];
  const { code, output } = await tryCompose(...started);
  expect(code).toBe(1);
  for (const setting of ['PORT:', 'AUTH_SERVICE_URL:', 'DATABASE_URL:', 'SERVICE_TOKEN_FILE: cannot read'])
    expect(output).toContain(`  - ${setting}`);
});

test('a secret that has changed reaches the containers', async () => {
  const file = join(root, 'docker/secrets/wiki/DATABASE_URL');
  chmodSync(file, 0o644);
  writeFileSync(file, 'postgres://wiki:stale@postgres:5432/arcadium');
  await succeed('npm', 'run', 'compose');
  const inside = await compose('exec', '-T', 'wiki', 'cat', '/run/secrets/DATABASE_URL');
  expect(inside).toBe(readFileSync(file, 'utf8'));
  expect(inside).not.toContain('stale');
});

test('on the sources of the checkout a service starts again when one changes', async () => {
  await succeed('npm', 'run', 'compose', '--', 'dev');
  const starts = async () =>
    (await compose('logs', '--no-log-prefix', 'wiki')).split('wiki is ready').length - 1;
  const before = await starts();
  const file = join(root, 'services/wiki/src/main.ts');
  expect(readFileSync(file, 'utf8')).toContain('run(');
  utimesSync(file, new Date(), new Date());
  await until(async () => (await starts()) > before, 'the wiki has started again');
  await allHealthy();
});
