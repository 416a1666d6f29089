import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// The code of the guide is code of examples/link, whose tests run it.

const root = join(import.meta.dirname, '..', '..', '..');
const guide = readFileSync(join(root, 'docs', 'add-to-trpc.md'), 'utf8');
const excerpts = Array.from(
  guide.matchAll(/```ts\n\/\/ (\S+)\n([^]*?)```/g),
  ([, file = '', code = '']) => [file, code] as const,
);

/** Without indentation. */
const flat = (code: string): string => code.replaceAll(/^\s+/gm, '').trim();

test.each(excerpts)('%s has what the guide shows of it', (file, code) => {
  expect(flat(readFileSync(join(root, file), 'utf8'))).toContain(flat(code));
});

test('all code of the guide says where it is from', () => {
  expect(excerpts.length).toBeGreaterThan(0);
  expect(guide.match(/```ts/g)).toHaveLength(excerpts.length);
});
