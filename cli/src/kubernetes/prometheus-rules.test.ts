import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../workspace.ts';
import { prometheusRules, rulesFile } from './prometheus-rules.ts';

test('the rules of the cluster are those of docker/prometheus', () => {
  expect(readFileSync(join(root, rulesFile), 'utf8')).toBe(prometheusRules(root));
});
