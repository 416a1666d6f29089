import { dashboardContract } from '@arcadium/contracts/dashboard';
import { connect } from '@arcadium/mesh/client';
import { createTestIdentity, silentLogger as log } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveDashboard } from '../testing/served.ts';
import { lineOf, spanOf, traceIdOf } from '../testing/telemetry.ts';

const cleanups = new AsyncDisposableStack();
let dashboard: Awaited<ReturnType<typeof open>>;

/** The dashboard with some telemetry. */
async function open() {
  const identity = await createTestIdentity();
  const { url, traces, logs, close } = await serveDashboard({ identity, publicView: true });
  cleanups.defer(close);
  const many = Array.from({ length: 126 }, (_, n) => `${n}`);
  traces.add([
    spanOf(1, 1, { durationUs: 2500, attributes: { names: many, values: many } }),
    spanOf(2, 1, { name: 'wiki.comments.create', failed: true, message: 'TIMEOUT' }),
    spanOf(2, 2, { parent: 1, name: 'INSERT', startUs: 500, durationUs: 100 }),
    spanOf(3, 1),
  ]);
  logs.add([
    lineOf('called'),
    lineOf('call failed', {
      level: 'error',
      traceId: traceIdOf(2),
      requestId: 'r-2',
      fields: { names: many, values: many },
    }),
  ]);
  return cleanups.use(connect(dashboardContract, { as: 'anyone', url, log }));
}

beforeAll(async () => void (dashboard = await open()));
afterAll(() => cleanups.disposeAsync());

test('a failed trace leads to its spans, and from there to its log lines', async () => {
  const { items } = await dashboard.traces.list.query({ failed: true });
  expect(items).toEqual([
    {
      traceId: traceIdOf(2),
      name: 'wiki.comments.create',
      startedAt: '2026-01-01T00:00:00.000Z',
      durationMs: 1,
      spans: 2,
      services: ['wiki'],
      status: 'error',
    },
  ]);
  const trace = await dashboard.traces.get.query({ traceId: traceIdOf(2) });
  expect(trace.tree).toMatchObject([
    { name: 'wiki.comments.create', status: 'error', message: 'TIMEOUT', startMs: 0 },
    { name: 'INSERT', parentId: '0000000000000001', startMs: 0.5, durationMs: 0.1 },
  ]);
  const lines = await dashboard.logs.list.query({ traceId: trace.traceId, level: 'warn' });
  expect(lines.items).toMatchObject([{ message: 'call failed', requestId: 'r-2', fields: { length: 128 } }]);
  expect((await dashboard.traces.get.query({ traceId: traceIdOf(1) })).tree[0]?.attributes).toHaveLength(128);
});

test('both lists go on from page to page', async () => {
  for (const group of ['traces', 'logs'] as const) {
    const found: unknown[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await dashboard[group].list.query({ limit: 1, cursor });
      found.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(found).toHaveLength({ traces: 3, logs: 2 }[group]);
  }
  const forged = dashboard.traces.list.query({ cursor: 'MA' });
  await expect(forged).rejects.toMatchObject({ data: { code: 'BAD_REQUEST' } });
});

test('a trace that is not there is a typed error', async () => {
  await expect(dashboard.traces.get.query({ traceId: traceIdOf(9) })).rejects.toMatchObject({
    data: { error: { name: 'TRACE_NOT_FOUND', data: { traceId: traceIdOf(9) } } },
  });
});
