import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTemplate, writeFiles } from './template.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'create-arcadium-'));
  writeFiles(
    folder,
    new Map([
      ['shop/shop.ts', "// region: prices\nconst price = 1;\n// endregion: prices\nconst shop = 'ShopA';\n"],
      [
        'shop/notes.md',
        'a\n<!-- region: prices -->\nb\n  # region: stock\nc\n  # endregion: stock\n<!-- endregion: prices -->\nd',
      ],
      ['_gitignore', 'shop\n'],
      ['.env', 'SECRET=1\n'],
      ['node_modules/shop/index.js', ''],
    ]),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (rendering: Partial<Parameters<typeof readTemplate>[1]> = {}) =>
  Object.fromEntries(readTemplate(folder, { replace: {}, ...rendering }));

test('a template as it is loses only the lines that mark regions, and what a run has left', () => {
  expect(read()).toEqual({
    '.gitignore': 'shop\n',
    'shop/shop.ts': "const price = 1;\nconst shop = 'ShopA';\n",
    'shop/notes.md': 'a\nb\nc\nd',
  });
});

test('a region can be left out, with those inside of it', () => {
  expect(read({ without: ['prices'] })).toMatchObject({
    'shop/shop.ts': "const shop = 'ShopA';\n",
    'shop/notes.md': 'a\nd',
  });
  expect(read({ without: ['stock'] })['shop/notes.md']).toBe('a\nb\nd');
});

test('names are replaced in paths and contents at once, the longest first', () => {
  const files = read({ replace: { shop: 'Shop', Shop: 'shop', ShopA: '$&' } });
  expect(Object.keys(files).toSorted()).toEqual(['.gitignore', 'Shop/Shop.ts', 'Shop/notes.md']);
  expect(files['Shop/Shop.ts']).toContain("const Shop = '$&';");
});

test('files can be left out, and go elsewhere', () => {
  const place = (path: string) => (path.endsWith('.ts') ? `src/${path}` : undefined);
  expect(Object.keys(read({ place, replace: { shop: 'inn' } }))).toEqual(['src/inn/inn.ts']);
});
