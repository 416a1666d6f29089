import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const linesOf = (text: string) => text.split('\n').map((line) => line.trim());

const guide = readFileSync(new URL('docs/postgres.md', root), 'utf8');
const blocks = Array.from(guide.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)\n```/g), ([, file, code]) => ({
  file: file ?? '',
  code: code ?? '',
}));

test('the guide’s code is that of the examples, which are tested', () => {
  expect(blocks.length).toBeGreaterThan(5);
  for (const { file, code } of blocks) {
    const example = linesOf(readFileSync(new URL(file, root), 'utf8')).join('\n');
    expect(example, file).toContain(linesOf(code).join('\n'));
  }
});
