import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rulesPage } from './testing/rules-page.ts';

const file = join(import.meta.dirname, '../../../docs/contract-rules.md');

test('docs/contract-rules.md has every rule, as it is in the code', async () => {
  const [written] = /^.*<!-- Below.*?-->/s.exec(readFileSync(file, 'utf8')) ?? [''];
  expect(written).toContain('# Contract rules');
  await expect(`${written}\n\n${rulesPage()}\n`).toMatchFileSnapshot(file);
});
