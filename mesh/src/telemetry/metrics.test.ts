import { Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { durations, exposition, tally } from './metrics.ts';

/** What is exposed of one metric. */
async function exposed(name: string): Promise<string | undefined> {
  const { text } = await exposition();
  return text
    .trimEnd()
    .split('\n\n')
    .find((metric) => metric.startsWith(`# HELP ${name} `));
}

test('durations are exposed as by a histogram of prom-client', async () => {
  const metric = { name: 'test_seconds', help: 'What "it" took', labels: ['procedure', 'code'] } as const;
  const ours = durations(metric);
  const registry = new Registry();
  const theirs = new Histogram({
    name: metric.name,
    help: metric.help,
    labelNames: metric.labels,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const both = (procedure: string, seconds: number[]) => {
    const labels = { procedure, code: 'OK' };
    for (const one of seconds) {
      ours.labels(labels).observe(one);
      theirs.labels(labels).observe(one);
    }
  };
  both('pages.get', [0, 0.0001, 0.001, 0.0011, 0.005, 0.3, 10, 10.1, 3600]);
  both('pages.\n"tree"\\', [0.1 + 0.2]);
  ours.labels({ code: 'TIMEOUT', procedure: 'pages.get' });
  theirs.zero({ code: 'TIMEOUT', procedure: 'pages.get' });
  expect(await exposed('test_seconds')).toBe((await registry.metrics()).trimEnd());
});

test('a tally is exposed as by a counter of prom-client', async () => {
  const [name, help, labels] = ['test_total', 'How often', ['target', 'code'] as const] as const;
  const ours = tally({ name, help, labels });
  const registry = new Registry();
  const theirs = new Counter({ name, help, labelNames: labels, registers: [registry] });
  for (const code of ['OK', 'OK', 'TIMEOUT']) {
    ours.labels({ target: 'wiki', code }).inc();
    theirs.labels({ target: 'wiki', code }).inc();
  }
  expect(await exposed('test_total')).toBe((await registry.metrics()).trimEnd());
});
