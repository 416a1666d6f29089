import type { ProcessFacts, ServiceView } from '@arcadium/contracts/dashboard';
import { databaseOf } from '../domain/map/database-facts.ts';
import type { LiveMap } from '../domain/map/live-map.ts';
import type { ProcedureFigures } from '../domain/map/service-record.ts';
import { noTraffic } from '../domain/metrics/traffic.ts';
import type { Catalogue } from '../jobs/catalogue.ts';

export interface ServiceViewSource {
  live: LiveMap;
  catalogue: Catalogue;
  /** The last failures in the log of a service, newest first. */
  failuresOf: (service: string) => ServiceView['failures'];
  /** Milliseconds since 1970. */
  now: () => number;
}

/** One service in detail. @param urls The origins of its processes. */
export async function viewService(
  { live, catalogue, failuresOf, now }: ServiceViewSource,
  service: string,
  urls: readonly string[],
): Promise<ServiceView> {
  const entries = await catalogue.of(service, urls);
  const record = live.service(service);
  const { window, minute } = live.spans();
  return {
    service,
    processes: urls.map((url) => record?.processes.get(url)?.facts(window) ?? unknownProcess(url)),
    procedures: entries.map((entry) =>
      Object.assign(record?.figures(entry.path, minute, live.nowMs()) ?? uncalled(), entry),
    ),
    failures: failuresOf(service),
    outbox: record?.outbox(now()) ?? null,
    database: databaseOf([...(record?.processes.values() ?? [])], minute),
    keys: record?.keys ?? null,
  };
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
