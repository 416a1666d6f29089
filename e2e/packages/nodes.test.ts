import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { doorsOf, nodeOf, program } from './program.ts';

const { examples } = inject('outside');
const nodes = [22, 24, 26].map((major) => [major, nodeOf(major)] as const);
const found = nodes.filter(([, node]) => node !== undefined);

test('several versions of Node are here', () => {
  for (const [major, node] of nodes) if (node === undefined) console.log(`Node ${major} was NOT tested.`);
  expect(found.length).toBeGreaterThanOrEqual(process.platform === 'linux' && process.arch === 'x64' ? 3 : 1);
});

test.each(found)('a service and its client run on Node %i', async (major, node) => {
  const output = await program(['consumer/shop.ts'], { cwd: examples, node });
  expect(await program(['--version'], { cwd: examples, node })).toMatch(`v${major}.`);
  expect(output).toMatch(/^websocket 2 .*not sold/m);
  expect(output).toMatch(/^http 2 .*not sold/m);
});

// On the oldest: those that fail on a newer Node fail in the suites of this repository, or in the test above.
test.each(found.slice(0, 1))('the examples run on Node %i', async (_major, node) => {
  const run = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot'];
  // Skipped: what compares an example with a guide, which is only in the repository.
  expect(await program(run, { cwd: examples, node })).toMatch(/Tests +\d+ passed \| 1 skipped \(\d+\)/);
});

test('importing a package changes nothing in the process', async () => {
  const all = doorsOf(examples, '@arcadium/mesh');
  expect(all).toContain('@arcadium/mesh/telemetry');
  expect(JSON.parse(await program(['consumer/imports.mjs', ...all], { cwd: examples }))).toEqual([]);
});

test('two copies of the mesh work in one process, and count their own calls', async () => {
  const modules = join(examples, 'node_modules');
  await cp(join(modules, '@arcadium', 'mesh'), join(modules, 'other-mesh'), { recursive: true });
  const output = JSON.parse(await program(['consumer/two-versions.mjs'], { cwd: examples }));
  expect(output).toEqual({ answers: ['answer', 'answer'], called: [['other'], ['one']] });
});
