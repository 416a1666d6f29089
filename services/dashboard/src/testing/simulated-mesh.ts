import { setInterval } from 'node:timers/promises';
import { dashboardContract, type Trace } from '@arcadium/contracts/dashboard';
import { serve, tracked, type Handlers, type ServerInterceptor } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log } from '@arcadium/mesh/testing';
import { MeshError } from '@arcadium/mesh/contract';
import { Explorer } from '../explorer/explorer.ts';
import { ServiceContracts } from '../jobs/service-contracts.ts';
import { callProcedure } from '../procedures/explorer/call-procedure.ts';
import { listContracts } from '../procedures/explorer/list-contracts.ts';
import { watchProcedure } from '../procedures/explorer/watch-procedure.ts';
import { PageFiles } from '../page-files.ts';
import { pageRoutes } from '../page-routes.ts';
import { mapAt } from './simulation/map-at.ts';
import { Outages } from './simulation/outages.ts';
import { Outbox } from './simulation/outbox.ts';
import { noise } from './simulation/random.ts';
import { createSessions } from './simulation/sessions.ts';
import { Records, summaryOf } from './simulation/records.ts';
import { serviceAt } from './simulation/service-at.ts';
import { historyAt, incidentsOf, overviewOf, type Moment } from './simulation/status-at.ts';
import { topology } from './simulation/topology.ts';

export interface SimulatedMeshOptions {
  /** @default 6 */
  services?: number;
  /** Edges between services. @default 9 */
  edges?: number;
  /** @default 0, any free port */
  port?: number;
  /** Time between two rounds of checks, in milliseconds. @default 2000 */
  checkEveryMs?: number;
  /** Without it, only administrators see something. @default true */
  isPublic?: boolean;
}

/**
 * The dashboard's contract and page with simulated data: a mesh whose traffic varies, and whose services fail on command.
 */
export interface SimulatedMesh {
  readonly url: string;
  readonly port: number;
  kill(service: string, from?: number): void;
  revive(service: string): void;
  /** A comment that fails because this service does not answer. @returns The id of its trace. */
  failCall(service: string): string;
  stop(): Promise<void>;
}

const mapEveryMs = 2000;
const recordedMs = 6 * 3_600_000;
const parts = { day: 864_000, week: 6_048_000, month: 25_920_000 };

export async function serveSimulatedMesh({
  services = 6,
  edges = 9,
  port = 0,
  checkEveryMs = 2000,
  isPublic = true,
}: SimulatedMeshOptions = {}): Promise<SimulatedMesh> {
  const mesh = topology(services, edges);
  const identity = await createTestIdentity();
  const outages = new Outages();
  const records = new Records();
  const outbox = new Outbox('wiki');
  const started = Date.now();
  const oneHour = 3_600_000;
  outages.begin('notification', started - 3 * oneHour, started - 3 * oneHour + 540_000);
  for (let back = 60; back > 0; back--)
    records.add(started - back * 9000, back % 12 === 5 ? 'notification' : undefined);
  const now = (): Moment => ({ topology: mesh, outages, at: Date.now() });
  const status = () => {
    const moment = now();
    return {
      at: new Date(moment.at).toISOString(),
      services: mesh.services.map((service) => overviewOf(service, moment)),
    };
  };
  const known = (service: string) => mesh.services.includes(service);

  // The explorer is the real one; it shows the contract of this service.
  const watched = new Map<string, readonly string[]>();
  const token = await identity.serviceToken('dashboard');
  const contracts = new ServiceContracts({ watched, token: () => token });
  const explorer = new Explorer({ contracts, open: isPublic, authUrl: 'http://127.0.0.1:8000' });

  const handlers: Handlers<typeof dashboardContract> = {
    sessions: createSessions(identity),
    explorer: {
      list: listContracts({ explorer }),
      run: callProcedure({ explorer }),
      watch: watchProcedure({ explorer }),
    },
    status: {
      list: async () => status(),
      watch: ({ signal }) => repeat(status, checkEveryMs, signal),
      async history({ input: { service, span }, errors }) {
        if (!known(service)) throw errors.SERVICE_NOT_FOUND({ service });
        return { points: historyAt(service, now(), { points: 100, partMs: parts[span] }) };
      },
      async incidents({ input }) {
        const items = mesh.services
          .filter((service) => input.service === undefined || input.service === service)
          .flatMap((service) => incidentsOf(service, now()))
          .toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
        return { items: items.slice(0, input.limit), nextCursor: null };
      },
    },
    map: {
      async get({ input, errors }) {
        const at = input.at === undefined ? Date.now() : Date.parse(input.at);
        const from = Date.now() - recordedMs;
        if (at < from || at > Date.now())
          throw errors.NOT_RECORDED({ from: new Date(from).toISOString(), to: new Date().toISOString() });
        return mapAt(mesh, outages, at);
      },
      watch: ({ signal }) => repeat(() => mapAt(mesh, outages, Date.now()), mapEveryMs, signal),
    },
    services: {
      async get({ input: { service }, errors }) {
        if (!known(service)) throw errors.SERVICE_NOT_FOUND({ service });
        const failures = records.logs
          .filter((line) => line.service === service && line.level === 'error')
          .slice(0, 20)
          .map(({ at, requestId, traceId, message }) => ({ at, requestId, traceId, message }));
        return { ...serviceAt(service, now(), outbox.countOf(service)), failures };
      },
    },
    traces: {
      async list({ input }) {
        const items = records.traces.filter(
          (trace) =>
            (input.service === undefined || concerns(trace, input.service)) &&
            (input.name === undefined || trace.tree.some(({ name }) => name.includes(input.name ?? ''))) &&
            (!input.failed || trace.status === 'error') &&
            trace.durationMs >= input.minMs,
        );
        return page(items.map(summaryOf), input);
      },
      async get({ input: { traceId }, errors }) {
        const found = records.traces.find((trace) => trace.traceId === traceId);
        if (!found) throw errors.TRACE_NOT_FOUND({ traceId });
        return found;
      },
    },
    logs: {
      async list({ input }) {
        const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
        const items = records.logs.filter(
          (line) =>
            (input.service === undefined || line.service === input.service) &&
            levels.indexOf(line.level) >= levels.indexOf(input.level) &&
            (input.text === undefined || JSON.stringify(line).includes(input.text)) &&
            (input.traceId === undefined || line.traceId === input.traceId) &&
            (input.requestId === undefined || line.requestId === input.requestId),
        );
        return page(items, input);
      },
    },
    outbox: outbox.handlers(known),
  };

  const service = await serve(dashboardContract, handlers, {
    version: 'simulated',
    log,
    port,
    authenticate: identity.authenticate,
    pingDatabase: async () => {},
    routes: pageRoutes(new PageFiles(`${import.meta.dirname}/../../page/dist`)),
    interceptors: isPublic ? [] : [administratorsOnly],
  });
  service.ready();
  watched.set('dashboard', [service.url]);
  const stopped = new AbortController();
  const traffic = addTraffic(records, now, stopped.signal);
  return {
    url: service.url,
    port: service.port,
    kill: (name, from = Date.now()) => outages.begin(name, from),
    revive: (name) => outages.end(name, Date.now()),
    failCall: (name) => records.add(Date.now() - 200, name),
    async stop() {
      stopped.abort();
      await Promise.all([traffic, service.stop()]);
    },
  };
}

/** As the real store has it. */
const concerns = ({ services, tree }: Trace, service: string) =>
  services.includes(service) || tree.some(({ name }) => name.startsWith(`${service}.`));

const administratorsOnly: ServerInterceptor = (call, next) => {
  if (!call.path.startsWith('sessions.') && call.caller.user?.role !== 'admin')
    throw new MeshError('UNAUTHORIZED', 'Log in as an administrator');
  return next();
};

/** A value at once, and again after each interval, until the signal fires. */
async function* repeat<Value>(value: () => Value, everyMs: number, signal: AbortSignal) {
  let count = 0;
  yield tracked(String(count), value());
  try {
    for await (const _ of setInterval(everyMs, undefined, { signal }))
      yield tracked(String(++count), value());
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function addTraffic(records: Records, now: () => Moment, signal: AbortSignal): Promise<void> {
  let count = 0;
  for await (const _ of repeat(() => undefined, 1000, signal)) {
    const { topology: mesh, outages, at } = now();
    const down = mesh.services.find((service) => service !== 'wiki' && outages.at(service, at));
    records.add(at - 200, down !== undefined && noise(count++) > 0.4 ? down : undefined);
  }
}

/** One answer of a list; the cursor is the number of items before the next. */
function page<Item>(
  items: readonly Item[],
  { limit, cursor = '0' }: { limit: number; cursor?: string | undefined },
) {
  const from = Number(cursor);
  const to = from + limit;
  return { items: items.slice(from, to), nextCursor: to < items.length ? String(to) : null };
}
