import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { nodeOf, npm, program } from './program.ts';

// What `npm create arcadium` creates, with the packages from their tarballs.

const { tarballs } = inject('outside');

/** What the app runs on: the oldest Node that there is here. */
const node = nodeOf(22) ?? process.execPath;
const name = 'corner-shop';

let folder: string;
let app: string;
const startedAt = performance.now();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arcadium-create-'));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as another user
  app = join(folder, name);
  // The app does not need the command line.
  const { 'create-arcadium': creator = '', '@arcadium/cli': _commandLine, ...others } = tarballs;
  // What `npm create arcadium` does, with a tarball in the place of the registry.
  await npm(['exec', '--yes', `--package=${creator}`, '--call', `create-arcadium ${name}`], folder);
  await useTarballs(others);
  await npm(['install'], app);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The app needs its packages in the version of the release, which is not in the registry. */
async function useTarballs(of: Readonly<Record<string, string>>): Promise<void> {
  const file = join(app, 'package.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { dependencies: Record<string, string> };
  for (const [dependency, tarball] of Object.entries(of)) {
    expect(manifest.dependencies).toHaveProperty([dependency]);
    manifest.dependencies[dependency] = `file:${tarball}`;
  }
  await writeFile(file, JSON.stringify(manifest));
}

/** `npm run dev`, on free ports. */
async function startApp() {
  const [inventory, pricing, postgres] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const settings = [
    `INVENTORY_SERVICE_URL=http://localhost:${inventory}`,
    `PRICING_SERVICE_URL=http://localhost:${pricing}`,
    `POSTGRES_PORT=${postgres}`,
  ];
  await writeFile(join(app, '.env'), `${settings.join('\n')}\n`);
  const child = spawn(node, ['scripts/dev.ts'], { cwd: app, stdio: ['ignore', 'pipe', 'pipe'] });
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => written.push(text));
  const output = () => written.join('');
  await expect
    .poll(() => [child.exitCode, output()], { timeout: 120_000 })
    .toEqual([null, expect.stringContaining('All services are healthy')]);
  return { child, output, urls: [inventory, pricing].map((port) => `http://localhost:${port}`) };
}

test('two services are healthy, call each other, and stop', async () => {
  const { child, output, urls } = await startApp();
  try {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    console.log(`From nothing to two healthy services, with npm install: ${seconds} s`);
    for (const url of urls)
      expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
        status: 'healthy',
        version: '0.1.0',
      });
    const tried = await program(['scripts/try.ts'], { cwd: app, node });
    expect(tried).toMatch(/inventory, with prices of pricing: \{[^}]*cents: 1100/);
    expect(tried).toMatch(/pricing, with what inventory has: \{[^}]*cents: 2200/);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  expect([child.exitCode, output()]).toEqual([0, expect.stringContaining('inventory is stopping')]);
});

test('it is green without an edit: types and tests', async () => {
  await program(['node_modules/typescript/bin/tsc'], { cwd: app });
  const output = await program(['node_modules/vitest/vitest.mjs', 'run'], { cwd: app, node });
  expect(output).toMatch(/Test Files {2}2 passed/);
});
