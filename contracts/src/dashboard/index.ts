export { dashboardContract } from './contract.ts';
export { type MapEdge, type MapNode, type MeshMap } from './map.ts';
export {
  type MigrationsView,
  type ProcedureView,
  type ProcessFacts,
  type ServiceView,
  type SigningKeyView,
  type StatementView,
} from './service.ts';
export {
  serviceName,
  type HistoryPoint,
  type Incident,
  type Replica,
  type ServiceOverview,
  type ServiceStatus,
} from './status.ts';
export {
  describedContract,
  type ExplorerAnswer,
  type ExplorerEvent,
  type ExplorerProcedure,
  type ExplorerService,
} from './explorer.ts';
export { logLevels, type LogLine, type Span, type Trace, type TraceSummary } from './trace.ts';
