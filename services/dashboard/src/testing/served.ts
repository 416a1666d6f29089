import { authContract } from '@arcadium/contracts/auth';
import { dashboardContract } from '@arcadium/contracts/dashboard';
import { connect } from '@arcadium/mesh/client';
import { serve } from '@arcadium/mesh/server';
import { silentLogger as log, type TestIdentity } from '@arcadium/mesh/testing';
import { badgeRoute } from '../badge-route.ts';
import { LiveStatus } from '../domain/live-status.ts';
import type { Target } from '../domain/round.ts';
import { Explorer } from '../explorer/explorer.ts';
import { ServiceContracts } from '../jobs/service-contracts.ts';
import type { RoundListener } from '../jobs/collector.ts';
import { Recorder } from '../jobs/recorder.ts';
import { createMeshViews } from '../mesh-views.ts';
import { StatusView } from '../presenters/status-view.ts';
import { viewersOnly } from '../procedures/viewers.ts';
import { createHandlers } from '../router.ts';
import { HistoryFile } from '../stores/history-file.ts';
import { History } from '../stores/history.ts';
import { LogStore } from '../stores/logs.ts';
import { TraceStore } from '../stores/traces.ts';
import { Incidents, type StoredIncident } from '../stores/incidents.ts';

const targets: Target[] = ['auth', 'wiki'].map((service) => ({ service, url: `http://${service}` }));
const start = Date.parse('2026-01-01T00:00:00Z');

export interface ServedOptions {
  identity: TestIdentity;
  publicView: boolean;
  /** @default nothing listens there */
  authUrl?: string;
}

/** The dashboard on its own port, with a history in memory and rounds made by the test. */
export async function serveDashboard({
  identity,
  publicView,
  authUrl = 'http://127.0.0.1:1',
}: ServedOptions) {
  let at = start;
  const now = () => at;
  const file = new HistoryFile(':memory:', log);
  const history = new History(file, now);
  const incidents = new Incidents(file);
  const live = new LiveStatus({ targets, staleAfterMs: 6000, now });
  const status = new StatusView({ live, history, incidents, now });
  const alerts: StoredIncident[] = [];
  const recorder = new Recorder({
    live,
    history,
    incidents,
    onIncident: (one) => alerts.push(one),
    now,
    log,
  });
  recorder.start();
  const auth = connect(authContract, {
    url: authUrl,
    as: 'dashboard',
    token: await identity.serviceToken('dashboard'),
    retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 },
    log,
  });
  const listeners: RoundListener[] = [];
  const collector = { onRound: (listener: RoundListener) => void listeners.push(listener) };
  const contracts = new ServiceContracts({ watched: new Map(), token: () => '' });
  const views = createMeshViews({
    collector,
    live,
    contracts,
    intervalMs: 2000,
    failuresOf: () => [],
    now,
    log,
  });
  const traces = new TraceStore();
  const logs = new LogStore();
  const handlers = createHandlers({
    auth,
    status,
    history,
    incidents,
    live,
    ...views,
    traces,
    logs,
    explorer: new Explorer({ contracts, open: false, authUrl }),
  });
  const service = await serve(dashboardContract, handlers, {
    version: '1',
    port: 0,
    log,
    authenticate: identity.authenticate,
    pingDatabase: async () => {},
    interceptors: [viewersOnly(publicView)],
    routes: { '/badge/*': badgeRoute(status, publicView) },
  });
  service.ready();
  /** A round two seconds later, in which the wiki serves or does not. */
  const round = (wiki: boolean): void => {
    at += 2000;
    const report = {
      status: 'healthy' as const,
      uptime: 1,
      version: '1',
      database: 'connected' as const,
      dependencies: {},
    };
    const checks = targets.map((target) => {
      const serves = wiki || target.service === 'auth';
      return {
        ...target,
        at,
        responseTimeMs: serves ? 5 : null,
        report: serves ? report : undefined,
        problem: serves ? undefined : 'connection refused',
        mesh: undefined,
        metrics: undefined,
      };
    });
    const made = { at, targets, checks };
    recorder.record(made);
    for (const listener of listeners) listener(made);
    status.update();
  };
  return {
    url: service.url,
    round,
    /** Empty, for the test to fill. */
    traces,
    logs,
    /** The incidents that were alerted. */
    alerts,
    async close(): Promise<void> {
      await service.stop();
      await auth[Symbol.asyncDispose]();
      recorder.stop();
      file.close();
    },
  };
}
