import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicPart } from '@arcadium/mesh/identity';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { serviceNames, type TestMesh } from './mesh.ts';
import { startNode, type RunningProcess } from './process.ts';

/** The ports of a dashboard, so that a mesh can be told where its traces go before either runs. */
export interface DashboardPorts {
  readonly port: number;
  readonly otlpPort: number;
}

export async function findDashboardPorts(): Promise<DashboardPorts> {
  return { port: await findFreePort(), otlpPort: await findFreePort() };
}

/** A real dashboard of a mesh. */
export interface TestDashboard extends AsyncDisposable {
  readonly url: string;
  readonly process: RunningProcess;
}

/** Starts the dashboard of a mesh. @param settings Overriding the defaults. */
export async function startDashboard(
  mesh: TestMesh,
  { port, otlpPort }: DashboardPorts,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestDashboard> {
  const state = await mkdtemp(join(tmpdir(), 'arcadium-state-'));
  const url = `http://127.0.0.1:${port}`;
  const urls = serviceNames.map((name) => [`${name.toUpperCase()}_SERVICE_URL`, mesh.url(name)]);
  const process = startNode('services/dashboard/src/main.ts', {
    // No such file exists: a developer's .env must not affect tests.
    ENVIRONMENT: 'e2e',
    RATE_LIMIT_CALLS: '0',
    PORT: String(port),
    OTLP_PORT: String(otlpPort),
    PUBLIC_KEYS: JSON.stringify({ keys: [publicPart(mesh.identity.jwk)] }),
    SERVICE_TOKEN: await mesh.identity.serviceToken('dashboard'),
    DASHBOARD_SERVICE_URL: url,
    ...Object.fromEntries(urls),
    STATE_DIR: state,
    ...settings,
  });
  return {
    url,
    process,
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      await rm(state, { recursive: true, force: true });
    },
  };
}
