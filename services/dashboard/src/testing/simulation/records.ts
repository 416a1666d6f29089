import type { LogLine, Span, Trace, TraceSummary } from '@arcadium/contracts/dashboard';
import { hex, noise } from './random.ts';

/** Traces and log lines kept. */
const most = 500;

/** The traces and log lines of simulated comments: a call of the wiki, its statement, its call of auth, a delivery. */
export class Records {
  readonly traces: Trace[] = [];
  readonly logs: LogLine[] = [];
  #count = 0;

  /** @param failing The service that does not answer; without it the call succeeds. @returns The id of the trace. */
  add(at: number, failing?: string): string {
    const key = `trace ${this.#count++}`;
    const traceId = hex(key, 32);
    const tree = failing === undefined ? comment(key, at) : failedCall(key, at, failing);
    const first = tree[0];
    const trace: Trace = {
      traceId,
      name: `${first?.service}.${first?.name}`,
      startedAt: new Date(at).toISOString(),
      durationMs: Math.max(...tree.map((span) => span.startMs + span.durationMs)),
      spans: tree.length,
      services: [...new Set(tree.map((span) => span.service))],
      status: tree.some(({ status }) => status === 'error') ? 'error' : 'ok',
      tree,
      truncated: false,
    };
    this.traces.unshift(trace);
    this.traces.length = Math.min(this.traces.length, most);
    for (const span of tree.filter(({ kind }) => kind === 'server' || kind === 'client'))
      this.#log(span, { traceId, requestId: requestIdOf(key) });
    return traceId;
  }

  #log(span: Span, ids: { traceId: string; requestId: string }): void {
    const failed = span.status === 'error';
    if (span.kind === 'client' && !failed) return;
    this.logs.unshift({
      id: (this.logs[0]?.id ?? 0) + 1,
      at: new Date(Date.parse(span.startedAt) + span.durationMs).toISOString(),
      service: span.service,
      level: failed ? (span.kind === 'client' ? 'warn' : 'error') : 'info',
      message: failed ? `${span.name} failed: ${span.message}` : `${span.name} answered`,
      ...ids,
      spanId: span.spanId,
      fields: [
        { name: 'endpoint', value: `http://${span.service}.internal` },
        { name: 'duration_ms', value: String(Math.round(span.durationMs)) },
        ...(failed ? [{ name: 'retry_count', value: '3' }] : []),
      ],
    });
    this.logs.length = Math.min(this.logs.length, most);
  }
}

const requestIdOf = (key: string): string => hex(`${key} request`, 32);

export function summaryOf(trace: Trace): TraceSummary {
  const { traceId, name, startedAt, durationMs, spans, services, status } = trace;
  return { traceId, name, startedAt, durationMs, spans, services, status };
}

type Part = Pick<Span, 'service' | 'name' | 'kind'> & {
  parent: number | null;
  startMs: number;
  durationMs: number;
  message?: string;
  attributes?: Record<string, string>;
};

function spansOf(key: string, at: number, parts: readonly Part[]): Span[] {
  return parts.map(({ parent, message = null, attributes = {}, ...part }, index) => ({
    ...part,
    spanId: hex(`${key} ${index}`, 16),
    parentId: parent === null ? null : hex(`${key} ${parent}`, 16),
    startedAt: new Date(at + part.startMs).toISOString(),
    status: message === null ? 'ok' : 'error',
    message,
    attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
  }));
}

function comment(key: string, at: number): Span[] {
  const pace = 0.6 + 1.6 * noise(key);
  const statement = { 'db.system.name': 'postgresql', 'db.operation.name': 'INSERT' };
  const part = (given: Part): Part => ({
    ...given,
    startMs: given.startMs * pace,
    durationMs: given.durationMs * pace,
  });
  return spansOf(
    key,
    at,
    [
      {
        parent: null,
        service: 'wiki',
        name: 'comments.create',
        kind: 'server',
        startMs: 0,
        durationMs: 18.4,
        attributes: { 'rpc.system': 'trpc', 'mesh.request_id': requestIdOf(key), 'enduser.id': 'ben' },
      },
      {
        parent: 0,
        service: 'wiki',
        name: 'auth.users.get',
        kind: 'client',
        startMs: 1.2,
        durationMs: 4.1,
        attributes: { 'rpc.attempt': '1' },
      },
      { parent: 1, service: 'auth', name: 'users.get', kind: 'server', startMs: 2, durationMs: 2.6 },
      {
        parent: 2,
        service: 'auth',
        name: 'SELECT users',
        kind: 'client',
        startMs: 2.4,
        durationMs: 1.5,
        attributes: { ...statement, 'db.operation.name': 'SELECT' },
      },
      {
        parent: 0,
        service: 'wiki',
        name: 'INSERT comments',
        kind: 'client',
        startMs: 6,
        durationMs: 9.8,
        attributes: statement,
      },
      { parent: 0, service: 'wiki', name: 'outbox deliver', kind: 'producer', startMs: 21, durationMs: 12 },
      {
        parent: 5,
        service: 'notification',
        name: 'notifications.sendBatch',
        kind: 'server',
        startMs: 23,
        durationMs: 8.2,
      },
      {
        parent: 6,
        service: 'notification',
        name: 'INSERT notifications',
        kind: 'client',
        startMs: 24.1,
        durationMs: 5.9,
        attributes: statement,
      },
    ].map((given) => part(given as Part)),
  );
}

function failedCall(key: string, at: number, failing: string): Span[] {
  const message = 'UNAVAILABLE: connect ECONNREFUSED';
  const attempt = (count: number): Part => ({
    parent: 1,
    service: 'wiki',
    name: `attempt ${count}`,
    kind: 'client',
    startMs: 2 + (count - 1) * 40,
    durationMs: 3,
    message,
    attributes: { 'rpc.attempt': String(count), 'server.address': `${failing}.internal` },
  });
  return spansOf(key, at, [
    {
      parent: null,
      service: 'wiki',
      name: 'comments.create',
      kind: 'server',
      startMs: 0,
      durationMs: 131,
      message: 'UNAVAILABLE',
      attributes: { 'rpc.system': 'trpc', 'mesh.request_id': requestIdOf(key) },
    },
    {
      parent: 0,
      service: 'wiki',
      name: `${failing}.items.get`,
      kind: 'client',
      startMs: 1,
      durationMs: 128,
      message,
    },
    ...[1, 2, 3, 4].map((count) => attempt(count)),
  ]);
}
