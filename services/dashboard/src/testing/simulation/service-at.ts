import type { ProcedureView, ServiceView } from '@arcadium/contracts/dashboard';
import { mapAt } from './map-at.ts';
import { noise, sway } from './random.ts';
import type { Moment } from './status-at.ts';

const shapes: Pick<ProcedureView, 'path' | 'kind' | 'summary' | 'access'>[] = [
  { path: 'items.get', kind: 'query', summary: 'One item by its id', access: 'any service or any user' },
  { path: 'items.list', kind: 'query', summary: 'Items, newest first', access: 'any user' },
  { path: 'items.create', kind: 'mutation', summary: 'Create an item', access: 'any user, behind a service' },
  { path: 'items.remove', kind: 'mutation', summary: 'Remove an item', access: 'administrators' },
  { path: 'items.watch', kind: 'subscription', summary: 'Items as they change', access: 'any service' },
];

/** One service in detail, without its failures. @param givenUp Notifications that it gave up; null without an outbox. */
export function serviceAt(
  service: string,
  moment: Moment,
  givenUp: number | null,
): Omit<ServiceView, 'failures'> {
  const { edges } = mapAt(moment.topology, moment.outages, moment.at);
  const callers = edges.filter(({ target }) => target === service).toSorted((a, b) => b.rate - a.rate);
  const down = moment.outages.at(service, moment.at) !== undefined;
  return {
    service,
    processes: Array.from({ length: 1 + Math.floor(noise(service, 'replicas') * 3) }, (_, index) => ({
      url: `http://10.0.${index}.1:${5000 + moment.topology.services.indexOf(service)}`,
      cpu: down ? null : 0.18 * sway(`${service} cpu ${index}`, moment.at, 0.6),
      memoryBytes: down ? null : Math.round(92e6 * sway(`${service} memory ${index}`, moment.at, 0.1)),
      eventLoopDelayMs: down ? null : Math.round(12 * sway(service, moment.at, 0.5)) / 10,
      poolUsed: down ? null : Math.round(3 * sway(service, moment.at, 0.9)),
      poolMax: down ? null : 10,
      queued: down ? null : 0,
      shedding: false,
      tokenLifeSeconds: down ? null : 71 * 86_400,
      revocations: down ? null : 'current',
    })),
    procedures: shapes.map((shape, index) => {
      const part = 1 / 2 ** (index + 1);
      const rate = callers.reduce((sum, caller) => sum + caller.rate, 0) * part;
      const p50 = down ? null : Math.round((1 + 9 * noise(service, shape.path)) * 10) / 10;
      return Object.assign({}, shape, {
        rate: down ? 0 : rate,
        success: down ? null : 1 - 0.002 * noise(service, shape.path, Math.floor(moment.at / 2000)),
        p50,
        p95: p50 && p50 * 3,
        p99: p50 && p50 * 7,
        callers: callers.slice(0, 4).map((caller) => ({ caller: caller.caller, rate: caller.rate * part })),
        limit: down ? null : 1024,
        inFlight: down ? null : Math.round(4 * noise(service, index, moment.at)),
      });
    }),
    outbox:
      givenUp === null
        ? null
        : { waiting: down ? 0 : 2, oldestAt: new Date(moment.at - 1400).toISOString(), givenUp },
    database: down ? null : databaseAt(service, moment),
    keys: service === 'auth' && !down ? keys : null,
  };
}

const statements = [
  ['items.search', 6.4],
  ['SELECT items', 0.7],
  ['INSERT items', 1.3],
  ['COMMIT', 1.1],
  ['UPDATE outbox', 0.9],
  ['SELECT idempotency_keys', 0.4],
  ['BEGIN', 0.1],
] as const;

function databaseAt(service: string, { at }: Moment): NonNullable<ServiceView['database']> {
  return {
    statements: statements
      .map(([name, typicalMs], index) => {
        const rate = (20 / (index + 1)) * sway(`${service} ${name}`, at, 0.4);
        const calls = Math.round(3600 * 20 * (1 / (index + 1)));
        const meanMs = typicalMs * (0.8 + 0.4 * noise(service, name));
        const failures = index === 0 ? 3 : 0;
        return { name, rate, calls, failures, totalMs: calls * meanMs, meanMs, longestMs: meanMs * 40 };
      })
      .toSorted((a, b) => b.totalMs - a.totalMs),
    migrations: {
      applied: 7,
      last: { name: '20261102093000_item_search', at: new Date(at - 12.5 * 86_400_000).toISOString() },
      pending: 0,
      failed: null,
    },
  };
}

const keys: NonNullable<ServiceView['keys']> = [
  { kid: 'GRhkz2pzHRTqnZmVmZBHjkKBdZDlS8TPYEcHNVMBlBM', state: 'next', changesInSeconds: 540 },
  { kid: 'xb3lYuNQXcWqVGaPJlkxK9Aa7NcQpsBLSUfOVtWtiqc', state: 'current', changesInSeconds: 540 },
  { kid: 'h6OrfC6MIV8lNAJFPaJ4c6hRmIyC0L4GC5g9IJ2YVu4', state: 'old', changesInSeconds: 31 * 86_400 },
];
