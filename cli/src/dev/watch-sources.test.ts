import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Sources } from './sources.ts';
import { watchSources, type Changes } from './watch-sources.ts';

let root: string;
let changes: Changes[];
let unwatch: () => Promise<void>;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'arcadium-watch-'));
  for (const folder of ['mesh', 'contracts', 'prisma', 'services/wiki', 'services/auth']) {
    const dependencies = folder.startsWith('services/') ? { mesh: '1' } : {};
    write(`${folder}/package.json`, JSON.stringify({ name: folder, dependencies }));
  }
  write('services/wiki/src/app.ts', '1');
  write('mesh/src/run.ts', '1');
  changes = [];
  unwatch = await watchSources(root, new Sources(root, ['auth', 'wiki']), {
    onChange: (change) => changes.push(change),
    onError: (problem) => expect.fail(problem),
  });
});
afterEach(async () => {
  await unwatch();
  rmSync(root, { recursive: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

/** Replaces a file by renaming another one, as git and many editors do. */
function replace(file: string, text: string): void {
  write(`${file}.tmp`, text);
  renameSync(join(root, `${file}.tmp`), join(root, file));
}

test('a file that is replaced is noticed each time', async () => {
  for (let time = 1; time <= 10; time += 1) {
    replace('services/wiki/src/app.ts', `${time}`);
    await vi.waitFor(() => expect(changes).toHaveLength(time), { timeout: 10_000 });
    expect(changes.at(-1)).toEqual({ services: ['wiki'], file: 'services/wiki/src/app.ts', count: 1 });
  }
});

test('what changes at once is reported at once, files and folders that are new included', async () => {
  write('services/auth/src/jobs/new/job.ts', '1');
  replace('mesh/src/run.ts', '2');
  await vi.waitFor(() => expect(changes).toHaveLength(1));
  expect(changes[0]).toMatchObject({ count: 2 });
  expect(changes[0]?.services.toSorted()).toEqual(['auth', 'wiki']);
  write('services/auth/src/jobs/new/job.ts', '2');
  await vi.waitFor(() => expect(changes).toHaveLength(2));
  expect(changes[1]).toEqual({ services: ['auth'], file: 'services/auth/src/jobs/new/job.ts', count: 1 });
});

test('settings that come, change and go are changes', async () => {
  write('.env', 'LOG_LEVEL=info');
  await vi.waitFor(() => expect(changes).toHaveLength(1));
  replace('services/wiki/.env', 'PORT=1');
  await vi.waitFor(() => expect(changes).toHaveLength(2));
  rmSync(join(root, 'services/wiki/.env'));
  await vi.waitFor(() => expect(changes).toHaveLength(3));
  expect(changes.map(({ services }) => services)).toEqual([['auth', 'wiki'], ['wiki'], ['wiki']]);
});

test('tests and documents are none', async () => {
  write('services/wiki/src/app.test.ts', '1');
  write('services/wiki/README.md', '1');
  write('.data/wiki/state', '1');
  write('services/wiki/src/app.ts', '2');
  await vi.waitFor(() => expect(changes).toHaveLength(1));
  expect(changes[0]).toEqual({ services: ['wiki'], file: 'services/wiki/src/app.ts', count: 1 });
});
