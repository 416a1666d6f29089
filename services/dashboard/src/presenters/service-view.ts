import type {
  ExplorerProcedure,
  ProcedureView,
  ProcessFacts,
  ServiceView,
} from '@arcadium/contracts/dashboard';
import { databaseOf } from '../domain/map/database-facts.ts';
import type { LiveMap } from '../domain/map/live-map.ts';
import type { ProcedureFigures, ServiceRecord } from '../domain/map/service-record.ts';
import { noTraffic } from '../domain/metrics/traffic.ts';
import type { ServiceContracts } from '../jobs/service-contracts.ts';

export interface ServiceViewSource {
  live: LiveMap;
  contracts: Pick<ServiceContracts, 'proceduresOf'>;
  /** The last failures in the log of a service, newest first. */
  failuresOf: (service: string) => ServiceView['failures'];
  /** Milliseconds since 1970. */
  now: () => number;
}

export interface ViewedService {
  service: string;
  /** The origins of its processes. */
  urls: readonly string[];
  /** The credentials of an administrator who looks. */
  authorization: string | undefined;
}

/** One service in detail. */
export async function viewService(
  { live, contracts, failuresOf, now }: ServiceViewSource,
  { service, urls, authorization }: ViewedService,
): Promise<ServiceView> {
  const procedures = await contracts.proceduresOf(service, authorization);
  const record = live.service(service);
  const { window, minute } = live.spans();
  return {
    service,
    processes: urls.map((url) => record?.processes.get(url)?.facts(window) ?? unknownProcess(url)),
    procedures: describedOrCalled(procedures, record).map((entry) =>
      Object.assign(record?.figures(entry.path, minute, live.nowMs()) ?? uncalled(), entry),
    ),
    failures: failuresOf(service),
    outbox: record?.outbox(now()) ?? null,
    database: databaseOf([...(record?.processes.values() ?? [])], minute),
    keys: record?.keys ?? null,
  };
}

/** The procedures of the contract; those that were called, if it is not known. */
function describedOrCalled(
  procedures: readonly ExplorerProcedure[],
  record: ServiceRecord | undefined,
): Pick<ProcedureView, 'path' | 'kind' | 'summary' | 'access'>[] {
  if (procedures.length > 0)
    return procedures.map(({ path, kind, summary, access }) => ({
      path,
      kind,
      summary,
      access: access.words,
    }));
  const called = [...(record?.procedures.keys() ?? [])];
  return called.map((path) => ({ path, kind: null, summary: '', access: 'not known' }));
}

function uncalled(): ProcedureFigures {
  return { ...noTraffic, callers: [], limit: null, inFlight: null };
}

function unknownProcess(url: string): ProcessFacts {
  return {
    url,
    cpu: null,
    memoryBytes: null,
    eventLoopDelayMs: null,
    poolUsed: null,
    poolMax: null,
    queued: null,
    shedding: false,
    tokenLifeSeconds: null,
    revocations: null,
  };
}
