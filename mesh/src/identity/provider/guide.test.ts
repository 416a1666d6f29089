import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const guide = readFileSync(join(root, 'docs', 'own-identity.md'), 'utf8');
const quoted = [...guide.matchAll(/<!-- (examples\/\S+) -->\n\n```ts\n([^]*?)```/g)];

/** The formatter indents the two differently. */
const flat = (code: string): string => code.replaceAll(/\s+/g, ' ').trim();

test('the code that the guide quotes is that of the example, which a test runs', () => {
  for (const [, file = '', code = ''] of quoted)
    expect(flat(readFileSync(join(root, file), 'utf8')), file).toContain(flat(code));
  expect(quoted).toHaveLength(3);
});
