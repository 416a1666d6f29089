import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noPrometheus, prometheusFolder, promtool } from './src/prometheus.ts';

describe.skipIf(noPrometheus)('rules of Prometheus (skipped where it is not installed)', () => {
  test.each([
    // Its certificate is that of a container.
    ['prometheus.yml', ['check', 'config', '--syntax-only', 'prometheus.yml']],
    ['prometheus.local.yml and the rules of both', ['check', 'config', 'prometheus.local.yml']],
  ])('%s is valid', (_what, args) => {
    const { status, output } = promtool(args);
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
  });

  test('each alert fires when it should', () => {
    const { status, output } = promtool(['test', 'rules', 'alerts.test.yml']);
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
  });
});

test('each alert is tested to fire and not to fire', () => {
  const read = (file: string) => readFileSync(join(prometheusFolder, file), 'utf8');
  const alerts = [...read('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  const tests = read('alerts.test.yml').split('eval_time:');
  const tested = (name: string, isQuiet: boolean) =>
    tests.some(
      (one) => new RegExp(`alertname: ${name}\\b`).test(one) && one.includes('exp_alerts: []') === isQuiet,
    );
  expect(alerts.length).toBeGreaterThan(10);
  expect(alerts.filter((name) => !tested(name, true))).toEqual([]);
  expect(alerts.filter((name) => !tested(name, false))).toEqual([]);
});
