import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicPart } from '@arcadium/mesh/identity';
import { createTestIdentity } from '@arcadium/mesh/testing';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import type { Database } from '../database.ts';
import { serviceNames, until, type ServiceName } from '../mesh.ts';
import { startIn, type RunningProcess } from '../process.ts';
import type { Version } from './versions.ts';

/** A replica at a fixed address, of a version that can be exchanged. */
export interface Replica {
  readonly service: ServiceName;
  readonly url: string;
  /** The latest process. */
  readonly process: RunningProcess;
  /** Stops the process as an orchestrator does, starts another version, and waits until it accepts calls. */
  replaceBy(version: Version): Promise<void>;
}

/** Several replicas of each service on one database, which know one another's addresses. */
export interface ReplicatedMesh extends AsyncDisposable {
  readonly replicas: readonly Replica[];
  urls(service: ServiceName): string[];
}

/** Starts them, and waits until they accept calls. The database belongs to the caller. */
export async function startReplicas(
  database: Database,
  { version, each }: { version: Version; each: number },
): Promise<ReplicatedMesh> {
  const identity = await createTestIdentity();
  const state = await mkdtemp(join(tmpdir(), 'arcadium-state-'));
  const ports = new Map<ServiceName, number[]>();
  for (const service of serviceNames) {
    const found: number[] = [];
    while (found.length < each) found.push(await findFreePort());
    ports.set(service, found);
  }
  const urls = (service: ServiceName) => (ports.get(service) ?? []).map((port) => `http://127.0.0.1:${port}`);
  const common = {
    ENVIRONMENT: 'e2e',
    RATE_LIMIT_CALLS: '0',
    PUBLIC_KEYS: JSON.stringify({ keys: [publicPart(identity.jwk)] }),
    AUTH_SERVICE_URL: urls('auth').join(),
    NOTIFICATION_SERVICE_URL: urls('notification').join(),
    WIKI_SERVICE_URL: urls('wiki').join(),
  };
  const ofAuth = {
    SIGNING_KEYS: JSON.stringify({ keys: [identity.jwk] }),
    ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
  };
  const replicas: Replica[] = [];
  for (const service of serviceNames) {
    const token = await identity.serviceToken(service);
    for (const url of urls(service)) {
      const port = new URL(url).port;
      const environment = {
        ...common,
        ...(service === 'auth' && ofAuth),
        PORT: port,
        DATABASE_URL: database.url(service),
        DATABASE_OWNER_URL: database.ownerUrl(service),
        SERVICE_TOKEN: token,
        STATE_DIR: join(state, `${service}-${port}`),
      };
      replicas.push(newReplica(service, { url, environment, version }));
    }
  }
  const end = async (): Promise<void> => {
    await Promise.all(replicas.map(({ process }) => process[Symbol.asyncDispose]()));
    await rm(state, { recursive: true, force: true });
  };
  try {
    for (const replica of replicas) await ready(replica);
  } catch (error) {
    await end();
    throw error;
  }
  return { replicas, urls, [Symbol.asyncDispose]: end };
}

function newReplica(
  service: ServiceName,
  { url, environment, version }: { url: string; environment: Record<string, string>; version: Version },
): Replica {
  const start = ({ folder }: Version) => startIn(folder, [`services/${service}/src/main.ts`], environment);
  let running = start(version);
  const replica: Replica = {
    service,
    url,
    get process() {
      return running;
    },
    async replaceBy(other) {
      running.signal('SIGTERM');
      const code = await running.ended;
      if (code !== 0) throw new Error(`${service} ended with ${code}:\n${running.output()}`);
      running = start(other);
      await ready(replica);
    },
  };
  return replica;
}

function ready(replica: Replica): Promise<void> {
  return until(
    async () => (await fetch(`${replica.url}/readyz`).catch(() => undefined))?.ok === true,
    `${replica.service} at ${replica.url} is ready`,
    () => replica.process.output(),
  );
}
