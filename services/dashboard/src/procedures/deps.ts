import type { dashboardContract } from '@arcadium/contracts/dashboard';
import type { PathOf } from '@arcadium/mesh/contract';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { Clients } from '../clients.ts';
import type { Explorer } from '../explorer/explorer.ts';
import type { LiveStatus } from '../domain/live-status.ts';
import type { MapView } from '../presenters/map-view.ts';
import type { ServiceViewSource } from '../presenters/service-view.ts';
import type { StatusView } from '../presenters/status-view.ts';
import type { History } from '../stores/history.ts';
import type { Incidents } from '../stores/incidents.ts';
import type { LogStore } from '../stores/logs.ts';
import type { TraceStore } from '../stores/traces.ts';

export interface DashboardDeps {
  status: StatusView;
  history: History;
  incidents: Incidents;
  explorer: Explorer;
  auth: Clients['auth'];
  live: LiveStatus;
  map: MapView;
  detail: ServiceViewSource;
  traces: Pick<TraceStore, 'list' | 'get'>;
  logs: Pick<LogStore, 'list'>;
}

/** The handler of a procedure of the dashboard. */
export type DashboardHandler<Path extends PathOf<(typeof dashboardContract)['procedures']>> = HandlerOf<
  typeof dashboardContract,
  Path
>;
