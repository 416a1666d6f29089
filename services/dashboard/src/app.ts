import { join } from 'node:path';
import { dashboardContract } from '@arcadium/contracts/dashboard';
import { logSettings, serverSettings, stateDirOf, tlsSettings, tokenSettings } from '@arcadium/mesh/config';
import { openServiceToken } from '@arcadium/mesh/identity';
import { joinMesh, startService, type StartedService } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { openTls } from '@arcadium/mesh/tls';
import manifest from '../package.json' with { type: 'json' };
import { email } from './alerts/email.ts';
import { alertMessage } from './alerts/message.ts';
import { webhook } from './alerts/webhook.ts';
import { badgeRoute } from './badge-route.ts';
import { connectClients } from './clients.ts';
import type { Config } from './config.ts';
import { Explorer } from './explorer/explorer.ts';
import { LiveStatus } from './domain/live-status.ts';
import { AlertQueue, type AlertChannel } from './jobs/alert-queue.ts';
import { Collector } from './jobs/collector.ts';
import { Recorder } from './jobs/recorder.ts';
import { ServiceContracts } from './jobs/service-contracts.ts';
import { Targets } from './jobs/targets.ts';
import { createMeshViews } from './mesh-views.ts';
import { OtlpReceiver } from './otlp/receiver.ts';
import { PageFiles } from './page-files.ts';
import { pageRoutes } from './page-routes.ts';
import { presentFailure } from './presenters/log-line.ts';
import { StatusView } from './presenters/status-view.ts';
import { viewersOnly } from './procedures/viewers.ts';
import { createHandlers } from './router.ts';
import { followSecretFiles, type Secrets } from './secret-files.ts';
import { HistoryFile } from './stores/history-file.ts';
import { History } from './stores/history.ts';
import { Incidents, type StoredIncident } from './stores/incidents.ts';
import { LogStore } from './stores/logs.ts';
import { TraceStore } from './stores/traces.ts';

/** Checks after which the last answer of a replica is stale. */
const staleAfterChecks = 3;

/** Puts the service together and starts it. @param ending Fires when the process must end. */
export async function startApp(config: Config, ending: AbortSignal): Promise<StartedService> {
  await using resources = new AsyncDisposableStack();
  const log = createLogger({ service: 'dashboard', ...logSettings(config) });
  const tls = openTls({ ...tlsSettings(config), log });
  if (tls) resources.use(tls);
  const stateDir = stateDirOf(config, import.meta.dirname);
  const file = new HistoryFile(config.HISTORY_FILE ?? join(stateDir, 'history.sqlite'), log);
  resources.defer(() => file.close());
  const token = openServiceToken({ ...tokenSettings(config), log });
  const clients = connectClients(config, { token, tls, log });
  for (const client of Object.values(clients)) resources.use(client);
  const membership = await joinMesh({
    auth: clients.auth,
    authUrl: config.AUTH_SERVICE_URL,
    token,
    publicKeys: config.PUBLIC_KEYS.keys,
    publicKeysFile: config.PUBLIC_KEYS_FILE,
    stateDir,
    tls,
    log,
  });
  resources.defer(() => membership.stop());

  const now = Date.now;
  const history = new History(file, now);
  const incidents = new Incidents(file);
  const targets = new Targets(config.watched);
  const intervalMs = config.CHECK_INTERVAL_MS;
  const live = new LiveStatus({
    targets: targets.current(),
    staleAfterMs: staleAfterChecks * intervalMs,
    now,
  });
  const status = new StatusView({ live, history, incidents, now });
  const { secrets, files } = followSecretFiles(config, log);
  const alerts = channelsOf(config, secrets).map((channel) => new AlertQueue({ channel, log }));
  const onIncident = (incident: StoredIncident): void => {
    const message = alertMessage(incident, config.DASHBOARD_SERVICE_URL[0]);
    for (const queue of alerts) queue.add(message);
  };
  const recorder = new Recorder({ live, history, incidents, onIncident, now, log });
  const collector = new Collector({ targets, token: () => token.current, intervalMs, now, tls, log });
  collector.onRound((round) => recorder.record(round));
  collector.onRound(() => status.update());
  const traces = new TraceStore();
  const logs = new LogStore();
  const receiver = new OtlpReceiver({ ...otlpSettings(config, secrets), tls, traces, logs, log, now });

  const contracts = new ServiceContracts({ watched: config.watched, token: () => token.current, tls });
  resources.defer(() => contracts.stop());
  const views = createMeshViews({
    collector,
    live,
    contracts,
    intervalMs,
    failuresOf: (service) => logs.failuresOf(service).map(presentFailure),
    now,
    log,
  });
  const [authUrl] = config.AUTH_SERVICE_URL;
  const explorer = new Explorer({ contracts, open: config.EXPLORER === 'open', authUrl });
  const { auth } = clients;
  const deps = { status, history, incidents, live, ...views, traces, logs, explorer, auth };
  return await startService(dashboardContract, createHandlers(deps), {
    version: manifest.version,
    ...serverSettings(config, config.DASHBOARD_SERVICE_URL, undefined),
    tls,
    rateLimit: rateLimitOf(config),
    log,
    ...membership.serving,
    pingDatabase: async () => void file.all('SELECT 1'),
    takesWrites: () => !file.inMemory,
    dependencies: { auth: membership.authProbe },
    routes: {
      ...pageRoutes(new PageFiles(join(import.meta.dirname, '../page/dist'))),
      '/badge/*': badgeRoute(status, config.PUBLIC_VIEW),
    },
    interceptors: [viewersOnly(config.PUBLIC_VIEW)],
    ending,
    prepare: (signal) => membership.start(signal),
    jobs: [...files, recorder, ...alerts, collector, receiver],
    resources: resources.move(),
  });
}

function otlpSettings({ OTLP_HOST: host, OTLP_PORT: port }: Config, secrets: Secrets) {
  return { host, port, tokens: () => secrets.OTLP_TOKEN };
}

/** Without PostgreSQL, each process counts by itself. */
function rateLimitOf(config: Config) {
  const {
    RATE_LIMIT_CALLS: callsPerMinute,
    RATE_LIMIT_STORE: store,
    RATE_LIMIT_STORE_FILE: storeFile,
  } = config;
  return { callsPerMinute, store: store === 'postgres' ? ('memory' as const) : store, storeFile };
}

function channelsOf(
  { ALERT_EMAIL_FROM: from, ALERT_EMAIL_TO: to }: Config,
  secrets: Secrets,
): AlertChannel[] {
  const { ALERT_WEBHOOK_URL: url, SMTP_URL: smtpUrl } = secrets;
  return [
    ...(url === undefined ? [] : [webhook(() => secrets.ALERT_WEBHOOK_URL ?? url)]),
    ...(smtpUrl === undefined || to === undefined
      ? []
      : [email({ smtpUrl: () => secrets.SMTP_URL ?? smtpUrl, from, to })]),
  ];
}
