import type { dashboardContract } from '@arcadium/contracts/dashboard';
import type { Handlers } from '@arcadium/mesh/server';
import type { DashboardDeps } from './procedures/deps.ts';
import { callProcedure } from './procedures/explorer/call-procedure.ts';
import { listContracts } from './procedures/explorer/list-contracts.ts';
import { watchProcedure } from './procedures/explorer/watch-procedure.ts';
import { logIn } from './procedures/sessions/log-in.ts';
import { logOut } from './procedures/sessions/log-out.ts';
import { refreshSession } from './procedures/sessions/refresh-session.ts';
import { getMap } from './procedures/map/get-map.ts';
import { watchMap } from './procedures/map/watch-map.ts';
import { getService } from './procedures/services/get-service.ts';
import { listLogs } from './procedures/logs/list-logs.ts';
import { dropGivenUp } from './procedures/outbox/drop-given-up.ts';
import { listGivenUp } from './procedures/outbox/list-given-up.ts';
import { retryGivenUp } from './procedures/outbox/retry-given-up.ts';
import { listIncidents } from './procedures/status/list-incidents.ts';
import { listStatus } from './procedures/status/list-status.ts';
import { showHistory } from './procedures/status/show-history.ts';
import { watchStatus } from './procedures/status/watch-status.ts';
import { getTrace } from './procedures/traces/get-trace.ts';
import { listTraces } from './procedures/traces/list-traces.ts';

/** The handlers of the dashboard's contract. */
export function createHandlers(deps: DashboardDeps): Handlers<typeof dashboardContract> {
  return {
    status: {
      list: listStatus(deps),
      watch: watchStatus(deps),
      history: showHistory(deps),
      incidents: listIncidents(deps),
    },
    explorer: {
      list: listContracts(deps),
      run: callProcedure(deps),
      watch: watchProcedure(deps),
    },
    sessions: {
      login: logIn(deps),
      refresh: refreshSession(deps),
      logout: logOut(deps),
    },
    map: { get: getMap(deps), watch: watchMap(deps) },
    services: { get: getService(deps) },
    traces: {
      list: listTraces(deps),
      get: getTrace(deps),
    },
    logs: {
      list: listLogs(deps),
    },
    outbox: {
      list: listGivenUp(deps),
      retry: retryGivenUp(deps),
      drop: dropGivenUp(deps),
    },
  };
}
