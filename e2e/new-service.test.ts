import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { makeCheckout } from './src/checkout.ts';
import { stepsOf, write } from './src/guide.ts';
import { compileCacheOf, watchProcess, type RunningProcess } from './src/process.ts';
import { runCommands } from './src/readme.ts';

// Executes docs/new-service.md in a copy of this repository, on separate ports.

const steps = stepsOf('docs/new-service.md');

/** The ports in the guide, and the test's ports instead. */
const ports = new Map<string, number>();
let checkout: ReturnType<typeof makeCheckout> | undefined;
let folder = '';
let mesh: RunningProcess | undefined;

beforeAll(async () => {
  checkout = makeCheckout();
  ({ folder } = checkout);
  for (const port of ['8000', '8006', '5000', '5001', '8080']) ports.set(port, await findFreePort());
  const url = (port: string) => `http://localhost:${ports.get(port)}`;
  writeFileSync(
    join(folder, '.env'),
    [
      `AUTH_SERVICE_URL=${url('8000')}`,
      `NOTIFICATION_SERVICE_URL=${url('8006')}`,
      `WIKI_SERVICE_URL=${url('5000')}`,
      `STOCK_SERVICE_URL=${url('5001')}`,
      `DASHBOARD_SERVICE_URL=${url('8080')}`,
      `OTLP_PORT=${await findFreePort()}`,
      `POSTGRES_PORT=${await findFreePort()}`,
      '',
    ].join('\n'),
  );
});

afterAll(async () => {
  mesh?.signal('SIGINT');
  await mesh?.ended;
  checkout?.remove();
});

/** The guide's commands with the test's ports. */
function withPorts(commands: string): string {
  return [...ports].reduce(
    (text, [port, own]) => text.replaceAll(`localhost:${port}`, `localhost:${own}`),
    commands,
  );
}

/** When the last file was written, by `performance.now()`. */
let writtenAt = 0;

/** Waits until the wiki has reloaded the last written file. */
async function reloaded(): Promise<void> {
  await vi.waitFor(
    async () => {
      const at = `http://localhost:${ports.get('5000')}`;
      const ready = await fetch(`${at}/readyz`);
      const { uptime } = (await (await fetch(`${at}/api/status`)).json()) as { uptime: number };
      expect([uptime * 1000 < performance.now() - writtenAt, ready.status]).toEqual([true, 200]);
    },
    { timeout: 60_000 },
  );
}

/** The commands, with the variables that earlier blocks set, as in one terminal. */
function keepingVariables(commands: string): string {
  const file = `'${join(folder, '.data', 'variables')}'`;
  const names = [...commands.matchAll(/^([A-Z]+)=/gm)].map(([, name]) => name);
  return [
    `if [ -f ${file} ]; then source ${file}; fi`,
    commands,
    ...names.map((name) => `declare -p ${name} >> ${file}`),
  ].join('\n');
}

/** `npm run dev`, in a separate terminal. */
async function startMesh(): Promise<void> {
  const { PATH = '', HOME = '' } = process.env;
  mesh = watchProcess(
    spawn('npm', ['run', 'dev'], {
      cwd: folder,
      env: { PATH, HOME, ...compileCacheOf(folder), RATE_LIMIT_CALLS: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  let code: number | string | undefined;
  void mesh.ended.then((ended) => (code = ended));
  await vi.waitFor(
    () => expect([code, mesh?.output()]).toEqual([undefined, expect.stringContaining('The mesh runs')]),
    { timeout: 120_000 },
  );
}

test('the guide to a new service leads to one that runs, passes its tests, and is called for a user', async () => {
  const answers: string[] = [];
  for (const step of steps) {
    if (step.do === 'write') {
      write(folder, step);
      writtenAt = performance.now();
    } else if (step.commands.startsWith('npm run dev')) await startMesh();
    else {
      const own = withPorts(step.commands);
      if (own.includes('localhost:')) await reloaded();
      // Tests in the guide use this run's PostgreSQL.
      const env = { TEST_DATABASE_ADMIN_URL: inject('testDatabaseAdminUrl') };
      answers.push(...(await runCommands(keepingVariables(own), { cwd: folder, env })));
    }
  }
  const lists = answers
    .filter((line) => line.startsWith('{"result":{"data":{"items":'))
    .map((line) => (JSON.parse(line) as { result: { data: unknown } }).result.data);
  const lamp = { name: 'Lamp', quantity: 9 };
  expect(lists).toMatchObject([
    { items: [lamp] },
    { items: [{ name: expect.stringMatching(/^Bookmark of /) }, lamp] },
  ]);
  mesh?.signal('SIGINT');
  expect(await mesh?.ended).toBe(0);
}, 900_000);
