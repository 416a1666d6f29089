import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCheckout } from './src/checkout.ts';
import { recordOf, startDev, type DevRun } from './src/dev-run.ts';
import { until } from './src/mesh.ts';

// `npm run dev` in a new checkout, with a fifth service that is found by its folder. The tests use one mesh,
// one after the other.

const services = ['auth', 'dashboard', 'echo', 'notification', 'wiki'];
const checkout = makeCheckout();
const at = (file: string) => join(checkout.folder, file);
const ports = new Map<string, number>();
let dev: DevRun;

beforeAll(async () => {
  for (const name of [...services, 'postgres', 'otlp']) ports.set(name, await findFreePort());
  const url = (name: string) => `http://localhost:${ports.get(name)}`;
  writeFileSync(
    at('.env'),
    ['auth', 'dashboard', 'notification', 'wiki']
      .map((name) => `${name.toUpperCase()}_SERVICE_URL=${url(name)}\n`)
      .concat(
        `POSTGRES_PORT=${ports.get('postgres')}\nOTLP_PORT=${ports.get('otlp')}\nWIKI_SERIVCE_URL=${url('wiki')}\n`,
      )
      .join(''),
  );
  mkdirSync(at('services/echo/src'), { recursive: true });
  writeFileSync(
    at('services/echo/package.json'),
    JSON.stringify({ name: '@arcadium/echo', type: 'module', dependencies: { '@arcadium/mesh': '0.1.0' } }),
  );
  writeFileSync(
    at('services/echo/src/config.ts'),
    `import { readServiceConfig, serverFields, serviceUrl } from '@arcadium/mesh/config';
     export const settings = { ...serverFields, ECHO_SERVICE_URL: serviceUrl('${url('echo')}') };
     export const loadConfig = () => readServiceConfig(settings, import.meta.dirname);`,
  );
  writeEcho('1');
  dev = startDev(checkout.folder);
});
afterAll(async () => {
  await dev[Symbol.asyncDispose]();
  checkout.remove();
});

/** A service that returns the version of its code. Replaces the existing file. */
function writeEcho(version: string): void {
  writeFileSync(
    at('main.ts.draft'),
    `import { createServer } from 'node:http';
     import { portOf } from '@arcadium/mesh/config';
     import { run } from '@arcadium/mesh/server';
     import { loadConfig } from './config.ts';
     run(async () => {
       const body = JSON.stringify({ status: 'healthy', version: '${version}', database: 'connected', dependencies: {} });
       const server = createServer(({ url }, response) => {
         if (url === '/metrics') response.statusCode = 404;
         response.end(body);
       });
       server.listen(portOf(loadConfig().ECHO_SERVICE_URL[0]), '127.0.0.1');
       return { stop: async () => void server.close() };
     });`,
  );
  renameSync(at('main.ts.draft'), at('services/echo/src/main.ts'));
}

async function health(name: string): Promise<{ status?: string; version?: string }> {
  const answer = await fetch(`http://127.0.0.1:${ports.get(name)}/health`).catch(() => undefined);
  return answer ? ((await answer.json()) as { status: string; version: string }) : {};
}

async function allHealthy(): Promise<void> {
  for (const name of services)
    await until(
      async () => (await health(name)).status === 'healthy',
      `${name} is healthy`,
      () => dev.lines().join('\n'),
    );
}

/** Waits until processes have other ids than before. */
async function restarted(names: readonly string[], before: Record<string, number>): Promise<void> {
  for (const name of names) {
    await until(
      () => ![undefined, before[name]].includes(recordOf(checkout.folder).processes[name]),
      `${name} was started again`,
      () => dev.lines().join('\n'),
    );
  }
}

const isThere = (pid: number) => {
  try {
    process.kill(pid, 0);
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('from nothing it says little, and shows a table as soon as all are healthy', async () => {
  await dev.says('Ctrl-C stops everything');
  const lines = dev.lines();
  const start = lines.findIndex((line) => line.startsWith('service  '));
  // npm's lines and ours, without log lines of the services.
  const ours = lines.slice(0, start).filter((line) => !services.some((name) => isLogOf(name, line)));
  expect(ours.filter((line) => line !== '' && !line.startsWith('> '))).toEqual([
    expect.stringMatching(/^Wrote \d+ settings to .*services\/echo\/\.env/),
    'Unknown setting WIKI_SERIVCE_URL in .env. Did you mean WIKI_SERVICE_URL?',
    `PostgreSQL is ready on 127.0.0.1:${ports.get('postgres')}, schemas auth, notification, wiki`,
  ]);
  expect(ours.length).toBeLessThanOrEqual(8);
  // One line each of four services; the fifth prints none.
  expect(start).toBeLessThanOrEqual(13);
  expect(lines.slice(0, start).filter((line) => / (WARN|ERROR|FATAL): /.test(line))).toEqual([]);
  expect(lines.slice(start + 2, start + 2 + services.length)).toEqual(
    services.map((name) =>
      expect.stringMatching(new RegExp(`^${name} +http://localhost:${ports.get(name)} +healthy$`)),
    ),
  );
  await allHealthy();
  const contract = await fetch(`http://127.0.0.1:${ports.get('wiki')}/api/contract`);
  expect(contract.status).toBe(200);
});

function isLogOf(name: string, line: string): boolean {
  return line.startsWith('{') ? line.includes(`"service":"${name}"`) : line.split(/\s+/, 3).includes(name);
}

test('a second one says that the mesh runs already, and where', async () => {
  await using second = startDev(checkout.folder);
  expect(await second.ended).toBe(1);
  const { pid } = recordOf(checkout.folder);
  expect(second.lines().join('\n')).toContain(`http://localhost:${ports.get('echo')}`);
  expect(second.lines().join('\n')).toContain(`(process ${pid}, since `);
  expect(dev.lines().at(-1)).not.toContain('stopped');
});

test('services that are killed are healthy again without an edit', async () => {
  const { processes: before } = recordOf(checkout.folder);
  const from = dev.lines().length;
  for (const name of services) process.kill(before[name] ?? 0, 'SIGKILL');
  for (const name of services) await dev.says(`${name} ended with SIGKILL; it starts again in 0.5 s`, from);
  await restarted(services, before);
  await allHealthy();
  expect(recordOf(checkout.folder).processes['PostgreSQL']).toBe(before['PostgreSQL']);
});

test('one that is killed starts again, and no other', async () => {
  const { processes: before } = recordOf(checkout.folder);
  process.kill(before['echo'] ?? 0, 'SIGKILL');
  await restarted(['echo'], before);
  const { processes: after } = recordOf(checkout.folder);
  expect({ ...after, echo: 0 }).toEqual({ ...before, echo: 0 });
});

test('PostgreSQL, killed, is there again, and its services are healthy', async () => {
  const { processes: before } = recordOf(checkout.folder);
  process.kill(before['PostgreSQL'] ?? 0, 'SIGKILL');
  await restarted(['PostgreSQL'], before);
  await allHealthy();
  const { processes: after } = recordOf(checkout.folder);
  expect({ ...after, PostgreSQL: 0 }).toEqual({ ...before, PostgreSQL: 0 });
});

test('a file that is replaced ten times is reloaded ten times, and nothing else is', async () => {
  const { processes: before } = recordOf(checkout.folder);
  for (let version = 2; version <= 11; version += 1) {
    writeEcho(String(version));
    await until(async () => (await health('echo')).version === String(version), `version ${version} runs`);
  }
  const { processes: after } = recordOf(checkout.folder);
  expect({ ...after, echo: 0 }).toEqual({ ...before, echo: 0 });
});

test('the client of one service, when it is made again, is loaded by that service alone', async () => {
  const { processes: before } = recordOf(checkout.folder);
  const now = new Date();
  utimesSync(at('prisma/wiki/generated/client.ts'), now, now);
  await restarted(['wiki'], before);
  const { processes: after } = recordOf(checkout.folder);
  expect({ ...after, wiki: 0 }).toEqual({ ...before, wiki: 0 });
});

test('settings of one service are its own, those of .env are for all', async () => {
  const { processes: before } = recordOf(checkout.folder);
  writeFileSync(
    at('services/echo/.env'),
    `${readFileSync(at('services/echo/.env'), 'utf8')}LOG_LEVEL=warn\n`,
  );
  await restarted(['echo'], before);
  const { processes: between } = recordOf(checkout.folder);
  expect({ ...between, echo: 0 }).toEqual({ ...before, echo: 0 });
  writeFileSync(at('.env'), readFileSync(at('.env'), 'utf8').replace(/^WIKI_SERIVCE_URL=.*\n/m, ''));
  await restarted(services, between);
  await allHealthy();
});

test('its supervisor and a service that does not turn killed, the next one ends what is left and starts', async () => {
  const { pid = 0, processes: left } = recordOf(checkout.folder);
  process.kill(left['echo'] ?? 0, 'SIGSTOP');
  process.kill(pid, 'SIGKILL');
  await until(() => !isThere(pid), 'the supervisor is gone');
  // It immediately gets a setting that it cannot start with.
  const settings = readFileSync(at('services/echo/.env'), 'utf8');
  writeFileSync(at('services/echo/.env'), `${settings}RATE_LIMIT_CALLS=many\n`);
  await dev.ended;
  dev = startDev(checkout.folder);
  await dev.says('Not all of the mesh is healthy');
  expect(dev.lines()).toContain(
    `echo (process ${left['echo']}) is left over from a run that was killed; stopping it`,
  );
  for (const old of Object.values(left)) expect(isThere(old)).toBe(false);

  // The wait ended when there was nothing left to wait for, and the reason was printed.
  expect(dev.lines()).toContainEqual(expect.stringMatching(/^echo .* ended \(exit code 1\)$/));
  expect(dev.lines()).toContain('echo:   - RATE_LIMIT_CALLS: must be a number');
  expect(dev.lines()).toContain('  echo has ended; its log lines above say why');
  const from = dev.lines().length;
  writeFileSync(at('services/echo/.env'), settings);
  await dev.says('echo is healthy', from);
});

test('npm above it killed, all of it ends', async () => {
  const { pid = 0, processes } = recordOf(checkout.folder);
  process.kill(dev.pid, 'SIGKILL');
  for (const one of [pid, ...Object.values(processes)])
    await until(() => !isThere(one), `process ${one} is gone`);
  expect(dev.lines().at(-1)).toBe('The mesh has stopped.');
});

test('a port that is taken on ::1 alone is named, with the setting', async () => {
  const port = ports.get('wiki') ?? 0;
  const server = createServer().listen(port, '::1');
  await once(server, 'listening');
  await using failing = startDev(checkout.folder);
  expect(await failing.ended).toBe(1);
  expect(failing.lines()).toContain(
    `  - Port ${port} (wiki) is taken on ::1. Stop the program that uses it, or set another port in WIKI_SERVICE_URL in .env`,
  );
  server.close();
});

test('Ctrl-C ends all of it; the last line says so, and the exit code is 0', async () => {
  dev = startDev(checkout.folder);
  await dev.says('Ctrl-C stops everything');
  const { pid = 0, processes } = recordOf(checkout.folder);
  // Like a terminal, to the whole process group.
  process.kill(-dev.pid, 'SIGINT');
  expect(await dev.ended).toBe(0);
  expect(dev.lines().at(-1)).toBe('The mesh has stopped.');
  for (const one of [pid, ...Object.values(processes)]) expect(isThere(one)).toBe(false);
});
