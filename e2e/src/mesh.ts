import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicPart } from '@arcadium/mesh/identity';
import { createTestIdentity, type TestIdentity } from '@arcadium/mesh/testing';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { copyDatabase, type Database } from './database.ts';
import { startNode, type RunningProcess } from './process.ts';

/** The services, in the order of the documentation. */
export const serviceNames = ['auth', 'notification', 'wiki'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** A whole mesh of real processes with a real PostgreSQL, on separate ports. */
export interface TestMesh<Data extends Database = Database> extends AsyncDisposable {
  readonly database: Data;
  readonly identity: TestIdentity;
  url(service: ServiceName): string;
  /** The latest process of a service. */
  process(service: ServiceName): RunningProcess;
  /** The environment of a service's processes. */
  environment(service: ServiceName): Record<string, string>;
  start(service: ServiceName): void;
  health(service: ServiceName): Promise<{ http: number; status: string }>;
  /** Waits until all are healthy. */
  healthy(): Promise<void>;
}

type Settings = Readonly<Record<string, string>>;
type MeshSettings = Settings | ((url: TestMesh['url']) => Promise<Settings>);

/**
 * Starts a mesh, and waits until it is healthy.
 *
 * @param settings For all services, overriding the defaults; a function gets the services' URLs, for proxies
 * in front of them.
 * @param database Closed with the mesh.
 * @default a copy on this run's PostgreSQL
 */
export async function startMesh(settings?: MeshSettings): Promise<TestMesh>;
export async function startMesh<Data extends Database>(
  settings: MeshSettings,
  database: Data,
): Promise<TestMesh<Data>>;
export async function startMesh(settings: MeshSettings = {}, given?: Database): Promise<TestMesh> {
  const mesh = await prepareMesh(settings, given ?? (await copyDatabase(serviceNames)));
  try {
    for (const service of serviceNames) mesh.start(service);
    await mesh.healthy();
  } catch (error) {
    // Otherwise these processes would outlive the tests.
    await mesh[Symbol.asyncDispose]();
    throw error;
  }
  return mesh;
}

/** The same, without starting the services. */
export async function prepareMesh<Data extends Database>(
  settings: MeshSettings,
  database: Data,
): Promise<TestMesh<Data>> {
  const identity = await createTestIdentity();
  const encryptionKey = randomBytes(32).toString('base64url');
  const ports = {
    auth: await findFreePort(),
    notification: await findFreePort(),
    wiki: await findFreePort(),
  };
  const url = (service: ServiceName) => `http://127.0.0.1:${ports[service]}`;
  const own = typeof settings === 'function' ? await settings(url) : settings;
  const tokens = {
    auth: await identity.serviceToken('auth'),
    notification: await identity.serviceToken('notification'),
    wiki: await identity.serviceToken('wiki'),
  };
  const running = new Map<ServiceName, RunningProcess>();
  const state = await mkdtemp(join(tmpdir(), 'arcadium-state-'));

  const environment = (service: ServiceName) => ({
    // No such file exists: a developer's .env must not affect tests.
    ENVIRONMENT: 'e2e',
    // All callers of a test have the same address.
    RATE_LIMIT_CALLS: '0',
    PORT: String(ports[service]),
    DATABASE_URL: database.url(service),
    DATABASE_OWNER_URL: database.ownerUrl(service),
    ...(database.directUrl && { DATABASE_DIRECT_URL: database.directUrl(service) }),
    PUBLIC_KEYS: JSON.stringify({ keys: [publicPart(identity.jwk)] }),
    SERVICE_TOKEN: tokens[service],
    AUTH_SERVICE_URL: url('auth'),
    NOTIFICATION_SERVICE_URL: url('notification'),
    WIKI_SERVICE_URL: url('wiki'),
    STATE_DIR: join(state, service),
    ...(service === 'auth' && {
      SIGNING_KEYS: JSON.stringify({ keys: [identity.jwk] }),
      ENCRYPTION_KEY: encryptionKey,
    }),
    ...own,
  });
  const start = (service: ServiceName) => {
    running.set(service, startNode(`services/${service}/src/main.ts`, environment(service)));
  };
  const processOf = (service: ServiceName): RunningProcess => {
    const found = running.get(service);
    if (!found) throw new Error(`${service} was not started`);
    return found;
  };
  const health = async (service: ServiceName) => {
    const answer = await fetch(`${url(service)}/health`).catch(() => undefined);
    if (!answer) return { http: 0, status: 'down' };
    const { status } = (await answer.json()) as { status: string };
    return { http: answer.status, status };
  };
  const healthy = async () => {
    for (const service of serviceNames) {
      await until(
        async () => (await health(service)).status === 'healthy',
        `${service} is healthy`,
        () => processOf(service).output(),
      );
    }
  };

  const end = async (): Promise<void> => {
    await Promise.all([...running.values()].map((one) => one[Symbol.asyncDispose]()));
    await database[Symbol.asyncDispose]();
    await rm(state, { recursive: true, force: true });
  };

  return {
    database,
    identity,
    url,
    process: processOf,
    environment,
    start,
    health,
    healthy,
    [Symbol.asyncDispose]: end,
  };
}

/**
 * Waits for a condition, checked ten times a second, for up to 90 s: longer than the claim on an outbox
 * message that a killed process leaves behind.
 *
 * @param explain Added to `what` in the error.
 */
export async function until(
  holds: () => Promise<boolean> | boolean,
  what: string,
  explain: () => string = () => '',
): Promise<void> {
  const deadline = performance.now() + 90_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`It did not come true that ${what}\n${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
