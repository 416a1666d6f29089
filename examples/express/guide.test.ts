import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const guide = join(root, 'docs', 'from-link-to-contract.md');

test.runIf(existsSync(guide))('the guide quotes the example', () => {
  const blocks = [...readFileSync(guide, 'utf8').matchAll(/```ts\n\s*\/\/ (examples\/\S+)\n(.*?)```/gs)];
  expect(blocks.length).toBeGreaterThan(2);
  const words = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
  for (const [, file = '', code = ''] of blocks)
    expect(words(readFileSync(join(root, file), 'utf8'))).toContain(words(code));
});
