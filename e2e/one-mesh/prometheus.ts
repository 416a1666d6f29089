import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodes } from '@arcadium/mesh/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serviceNames, until } from '../src/mesh.ts';
import { root } from '../src/process.ts';
import {
  noPrometheus,
  prometheusFolder,
  promtool,
  startPrometheus,
  type TestPrometheus,
} from '../src/prometheus.ts';
import { mesh } from './mesh.ts';

async function metricsOf(service: (typeof serviceNames)[number]): Promise<string> {
  return (await fetch(`${mesh.url(service)}/metrics`)).text();
}

/** Names of the series that the services expose. */
const exposed = new Set<string>();
beforeAll(async () => {
  for (const service of serviceNames)
    for (const [, name = '', type] of (await metricsOf(service)).matchAll(/^# TYPE (\S+) (\S+)$/gm))
      for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
        exposed.add(name + suffix);
});

/** Names of metrics in PromQL: those of this system, and any other selector. */
function namesIn(query: string): string[] {
  const text = query.replaceAll(/"[^"]*"/g, '""').replaceAll(/\b(by|ignoring|on) ?\([^)]*\)/g, '');
  const own = text.match(/\b(?:mesh|outbox|database|process|nodejs)_\w+/g) ?? [];
  const selected = [...text.matchAll(/([a-zA-Z_:][\w:]*)\s*[{[]/g)].map(([, name = '']) => name);
  return [...new Set([...own.filter((name) => !text.includes(`:${name}`)), ...selected])];
}

test('the metrics in the documentation are exposed', () => {
  const text = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const names = text.match(/\b(?:mesh|outbox|database)_[a-z]+_[a-z_]+\b/g) ?? [];
  const families = [...exposed].map((name) => name.replace(/_(bucket|sum|count)$/, ''));
  // Exposed only while traces are sent.
  const known = new Set([...exposed, ...families, 'database_writes', 'mesh_telemetry_dropped_total']);
  expect([...new Set(names)].filter((name) => !known.has(name))).toEqual([]);
  expect(names.length).toBeGreaterThan(20);
});

describe.skipIf(noPrometheus)('with Prometheus (skipped where it is not installed)', () => {
  let prometheus: TestPrometheus;
  beforeAll(async () => {
    prometheus = await startPrometheus(
      Object.fromEntries(serviceNames.map((service) => [service, new URL(mesh.url(service)).host])),
    );
  });
  afterAll(() => prometheus?.[Symbol.asyncDispose]());

  test.each(serviceNames)('promtool finds nothing in the metrics of %s', async (service) => {
    expect(promtool(['check', 'metrics'], await metricsOf(service))).toEqual({ status: 0, output: '' });
  });

  test('it reads every service, and no alert is raised for a mesh that works', async () => {
    const up = () => prometheus.ask<{ result: { value: [number, string] }[] }>('query?query=up==1');
    await until(async () => (await up()).result.length === serviceNames.length, 'it reads every service');
    await until(
      async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'),
      'every rule was evaluated',
    );
    const failed = (await prometheus.rules()).filter(({ health }) => health !== 'ok');
    expect(failed).toEqual([]);
    const { alerts } = await prometheus.ask<{ alerts: { state: string }[] }>('alerts');
    expect(alerts.filter(({ state }) => state === 'firing')).toEqual([]);
  });

  test('a sampled call is found by its trace', async () => {
    const traceId = 'facade'.padEnd(32, '0');
    const headers = { traceparent: `00-${traceId}-${'1'.repeat(16)}-01` };
    expect((await fetch(`${mesh.url('wiki')}/trpc/pages.list`, { headers })).status).toBe(200);
    const now = Date.now() / 1000;
    const path = `query_exemplars?query=mesh_server_call_seconds_bucket&start=${now - 600}&end=${now + 600}`;
    type Found = { seriesLabels: object; exemplars: { labels: object }[] };
    let found: Found | undefined;
    await until(async () => {
      const all = await prometheus.ask<Found[]>(path);
      found = all.find(({ exemplars }) => JSON.stringify(exemplars).includes(traceId));
      return found !== undefined;
    }, 'the exemplar was read');
    expect(found).toMatchObject({
      seriesLabels: { service: 'wiki', procedure: 'pages.list', caller: 'anyone', code: 'OK' },
      exemplars: [{ labels: { trace_id: traceId } }],
    });
  });

  test('rules and the dashboard use metrics that exist', async () => {
    const rules = await prometheus.rules();
    const recorded = rules.filter(({ type }) => type === 'recording').map(({ name }) => name);
    const known = new Set([...exposed, ...recorded, 'up']);
    const dashboard = JSON.parse(readFileSync(join(prometheusFolder, 'grafana-dashboard.json'), 'utf8')) as {
      panels: { targets?: { expr: string }[] }[];
    };
    const shown = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const used = [...rules.map(({ query }) => query), ...shown].flatMap(namesIn);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
    expect(new Set(used).size).toBeGreaterThan(20);
    for (const expr of shown)
      await prometheus.ask(`query?query=${encodeURIComponent(expr.replaceAll('$service', '.*'))}`);
  });

  test('failures of a service are the codes that blame it', async () => {
    const blamed = Object.entries(errorCodes).flatMap(([code, { blames }]) =>
      blames === 'endpoint' ? [code] : [],
    );
    const listed = (await prometheus.rules()).flatMap(({ query }) =>
      [...query.matchAll(/code=~"([^"]*)"/g)].map(([, codes = '']) => codes.split('|').toSorted()),
    );
    expect(listed.length).toBeGreaterThan(4);
    for (const codes of listed) expect(codes).toEqual(blamed.toSorted());
  });

  test('every alert has a runbook', async () => {
    const text = readFileSync(join(root, 'docs/operations.md'), 'utf8');
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading.toLowerCase());
    for (const { name, type, annotations } of await prometheus.rules()) {
      if (type === 'recording') continue;
      expect(annotations?.['runbook_url']).toBe(`docs/operations.md#${name.toLowerCase()}`);
      expect(headings).toContain(name.toLowerCase());
    }
  });
});
