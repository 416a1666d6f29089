import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';

const { examples, tarballs } = inject('outside');

/** Names that a declaration file exports, types included. */
function exportedNames(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = '']) =>
    list.split(',').map((name) =>
      name
        .replace(/^\s*type /, '')
        .replace(/.* as /, '')
        .trim(),
    ),
  );
  const declared = [
    ...text.matchAll(
      /^export (?:declare )?(?:abstract )?(?:async )?(?:function|class|const|let|interface|type|enum) (\w+)/gm,
    ),
  ].map(([, name = '']) => name);
  return [...new Set([...lists, ...declared])].filter((name) => name !== '').toSorted();
}

// To change what is published on purpose: `npm run test:packages -- exports -u`, and say it in CHANGELOG.md.
test('the packages export the names that are recorded, and no others', async () => {
  const lines = Object.keys(tarballs).flatMap((name) => {
    const folder = join(examples, 'node_modules', name);
    const { exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      /** Of a program, none. */
      exports?: Record<string, string | { types: string }>;
    };
    return Object.entries(exports).flatMap(([door, files]) =>
      typeof files === 'string'
        ? []
        : exportedNames(join(folder, files.types)).map((exported) => `${name}${door.slice(1)} ${exported}\n`),
    );
  });
  expect(lines.length).toBeGreaterThan(100);
  await expect(lines.join('')).toMatchFileSnapshot('exports.txt');
});
