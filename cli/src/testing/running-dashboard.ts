import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicPart } from '@arcadium/mesh/identity';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { root } from '../workspace.ts';
import { endOf, ready, type RunningAuth } from './running-auth.ts';

/** A dashboard process. */
export interface RunningDashboard extends AsyncDisposable {
  readonly url: string;
}

/** Starts the dashboard of an auth process, on a port where that already sends its traces and log lines. */
export async function startDashboard(auth: RunningAuth, otlpPort: number): Promise<RunningDashboard> {
  const { identity } = auth;
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const stateDir = mkdtempSync(join(tmpdir(), 'arcadium-dashboard-'));
  const dashboard = spawn(process.execPath, [join(root, 'services/dashboard/src/main.ts')], {
    env: {
      ...auth.environment({}),
      DASHBOARD_SERVICE_URL: url,
      PORT: String(port),
      OTLP_PORT: String(otlpPort),
      PUBLIC_KEYS: JSON.stringify({ keys: [publicPart(identity.jwk)] }),
      SERVICE_TOKEN: await identity.serviceToken('dashboard'),
      STATE_DIR: stateDir,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await ready(url);
  return {
    url,
    async [Symbol.asyncDispose]() {
      await endOf(dashboard);
      rmSync(stateDir, { recursive: true });
    },
  };
}
