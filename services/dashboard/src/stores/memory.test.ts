import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

test('10,000 traces of 20 spans and 10,000 log lines need less than 60 MiB, as estimated', async () => {
  const child = fork(new URL('../testing/fill-stores.ts', import.meta.url), { execArgv: ['--expose-gc'] });
  const [filled] = (await once(child, 'message')) as [
    Record<'used' | 'estimate' | 'traces' | 'lines', number>,
  ];
  expect(filled).toMatchObject({ traces: 10_000, lines: 10_000 });
  expect(filled.used).toBeLessThan(60 * 2 ** 20);
  expect(filled.estimate / filled.used).toBeGreaterThan(0.7);
});
