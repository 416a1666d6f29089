import type { ServiceView } from '@arcadium/contracts/dashboard';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { LiveStatus } from './domain/live-status.ts';
import { LiveMap, type LiveMapOptions } from './domain/map/live-map.ts';
import { Recording } from './domain/map/recording.ts';
import type { Collector } from './jobs/collector.ts';
import type { ServiceContracts } from './jobs/service-contracts.ts';
import { MapView } from './presenters/map-view.ts';
import type { ServiceViewSource } from './presenters/service-view.ts';

export interface MeshViewsOptions {
  /** Listens to its rounds: register after what records them in `live`. */
  collector: Pick<Collector, 'onRound'>;
  live: LiveStatus;
  contracts: ServiceContracts;
  /** Between two rounds, in milliseconds. */
  intervalMs: number;
  /** The last failures in the log of a service, newest first, at most 20. */
  failuresOf: (service: string) => ServiceView['failures'];
  /** Milliseconds since 1970. */
  now: () => number;
  log: Logger;
}

/** What the dashboard knows of the mesh besides its status: the map, its past, and each service in detail. */
export interface MeshViews {
  map: MapView;
  detail: ServiceViewSource;
}

export function createMeshViews(options: MeshViewsOptions): MeshViews {
  const { collector, live, contracts, intervalMs, failuresOf, now, log } = options;
  const liveMap = new LiveMap({ intervalMs, statuses: () => live.services(), onProblem: problemLog(log) });
  const map = new MapView({ live: liveMap, recording: new Recording(intervalMs), now });
  collector.onRound((round) => {
    map.record(round);
    contracts.readMissing();
  });
  return { map, detail: { live: liveMap, contracts, failuresOf, now } };
}

/** Logs when the metrics of a process cannot be read, and when they can again. */
function problemLog(log: Logger): LiveMapOptions['onProblem'] {
  return ({ problem, ...process }) => {
    if (problem === undefined) log.info(process, 'the metrics of a process can be read again');
    else log.warn({ ...process, problem }, 'the metrics of a process cannot be read');
  };
}
