import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../workspace.ts';
import { referencePages, writeReference } from './docs.ts';

const folder = join(root, 'docs', 'api');

test('docs/api is what the contracts say; if not: npm run mesh -- contract docs', async () => {
  const pages = await referencePages();
  expect((await readdir(folder)).toSorted()).toEqual([...pages.keys()].toSorted());
  for (const [name, text] of pages)
    expect(text === (await readFile(join(folder, name), 'utf8')), `docs/api/${name} is stale`).toBe(true);
});

test.each(['auth', 'dashboard', 'notification', 'wiki'])(
  'every procedure of %s has an example, or may be called without an input',
  async (name) => {
    const page = (await referencePages()).get(`${name}.md`) ?? '';
    const sections = page.split('\n### ').slice(1);
    expect(sections.length).toBeGreaterThan(10);
    const without = sections.filter((section) => !section.includes('```sh'));
    expect(without.map((section) => section.split('\n')[0])).toEqual([]);
  },
);

test('pages are written anywhere, and what belongs to no contract is named', async () => {
  const other = await mkdtemp(join(tmpdir(), 'contract-docs-test-'));
  await writeFile(join(other, 'shop.md'), 'Another page');
  expect(await writeReference(other)).toEqual(['shop.md']);
  const pages = [...(await referencePages()).keys()];
  expect((await readdir(other)).toSorted()).toEqual([...pages, 'shop.md'].toSorted());
  await rm(other, { recursive: true });
});
