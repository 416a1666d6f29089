import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const linesOf = (text: string) => text.split('\n').map((line) => line.trim());

test.each(['docs/testing.md', 'docs/from-other-frameworks.md'])(
  'the code of %s is that of the examples, which are tested',
  (guide) => {
    const blocks = Array.from(read(guide).matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)\n```/g));
    expect(blocks.length).toBeGreaterThan(2);
    for (const [, file = '', code = ''] of blocks)
      expect(linesOf(read(file)).join('\n'), file).toContain(linesOf(code).join('\n'));
  },
);
