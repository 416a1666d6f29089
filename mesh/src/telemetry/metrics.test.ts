import { Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { exposition } from './exposition.ts';
import { durations, tally } from './metrics.ts';

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

test('in OpenMetrics, a counter is declared without its suffix, and a sampled call marks its bucket', async () => {
  const labels = ['procedure'] as const;
  const calls = durations({ name: 'test_call_seconds', help: 'What a call took', labels });
  const asked = calls.labels({ procedure: 'pages."get"' });
  asked.observe(0.002);
  asked.observe(0.0021, 'b'.repeat(32));
  asked.observe(0.0022, 'a'.repeat(32));
  asked.observe(20);
  tally({ name: 'test_asked_total', help: 'How\noften', labels }).labels({ procedure: 'pages.get' }).inc();
  const { text, contentType } = await exposition('openmetrics');
  expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(text).toContain(`# HELP test_asked How\\noften
# TYPE test_asked counter
test_asked_total{procedure="pages.get"} 1
`);
  expect(text.match(/^test_call_seconds.*#.*$/gm)).toEqual([
    expect.stringMatching(
      /^test_call_seconds_bucket\{le="0.0025",procedure="pages.\\"get\\""\} 3 # \{trace_id="a{32}"\} 0.0022 \d{10}(\.\d+)?$/,
    ),
  ]);
  expect(text).toContain('test_call_seconds_bucket{le="+Inf",procedure="pages.\\"get\\""} 4\n');
  expect(text).toMatch(/\n# EOF\n$/);
  expect(text).not.toContain('\n\n');
  // The usual format stays as it was.
  expect(await exposed('test_call_seconds')).not.toContain('trace_id');
});
