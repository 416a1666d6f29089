import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect } from '@arcadium/mesh/client';
import { publicPart } from '@arcadium/mesh/identity';
import { createTestIdentity, silentLogger, type TestIdentity } from '@arcadium/mesh/testing';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { copyDatabase, type Database } from './database.ts';
import { until } from './mesh.ts';
import { startNode, type RunningProcess } from './process.ts';

/** A process of the wiki at a fixed address. */
export interface Replica {
  readonly url: string;
  /** The latest process. */
  readonly process: RunningProcess;
  start(): void;
  /** Waits until it accepts calls. */
  ready(): Promise<void>;
}

/**
 * Several wikis on one database without other services: authors who comment on their own pages cause no
 * notifications.
 */
export interface Wikis extends AsyncDisposable {
  readonly database: Database;
  readonly identity: TestIdentity;
  readonly replicas: readonly Replica[];
}

/**
 * Starts one for each host, and waits until they accept calls.
 *
 * @param hosts Addresses of this machine.
 * @param options.samePort The same port for all.
 * @default a separate port for each
 * @param options.identity The issuer of accepted tokens.
 * @default a new one
 * @param options.authUrl Auth's address.
 * @default an unused one
 */
export async function startWikis(
  hosts: readonly string[],
  options: { samePort?: number; identity?: TestIdentity; authUrl?: string } = {},
): Promise<Wikis> {
  const { samePort, identity = await createTestIdentity() } = options;
  const database = await copyDatabase(['wiki']);
  const nowhere = `http://127.0.0.1:${await findFreePort()}`;
  const environment = {
    ENVIRONMENT: 'e2e',
    DATABASE_URL: database.url('wiki'),
    DATABASE_OWNER_URL: database.ownerUrl('wiki'),
    PUBLIC_KEYS: JSON.stringify({ keys: [publicPart(identity.jwk)] }),
    SERVICE_TOKEN: await identity.serviceToken('wiki'),
    AUTH_SERVICE_URL: options.authUrl ?? nowhere,
    NOTIFICATION_SERVICE_URL: nowhere,
    STATE_DIR: await mkdtemp(join(tmpdir(), 'arcadium-state-')),
  };
  const replicas: Replica[] = [];
  for (const host of hosts) {
    const port = String(samePort ?? (await findFreePort()));
    replicas.push(startReplica(`http://${host}:${port}`, { ...environment, HOST: host, PORT: port }));
  }
  await Promise.all(replicas.map((replica) => replica.ready()));
  return {
    database,
    identity,
    replicas,
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map(({ process }) => process[Symbol.asyncDispose]()));
      await database[Symbol.asyncDispose]();
      await rm(environment.STATE_DIR, { recursive: true, force: true });
    },
  };
}

function startReplica(url: string, environment: Readonly<Record<string, string>>): Replica {
  const start = (): RunningProcess => startNode('services/wiki/src/main.ts', environment);
  let running = start();
  return {
    url,
    get process() {
      return running;
    },
    start: () => (running = start()),
    ready: () =>
      until(
        async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true,
        `${url} is ready`,
        () => running.output(),
      ),
  };
}

/** A user with their own pages. */
export async function newAuthor({ identity, replicas: [replica] }: Wikis, pages: number) {
  const token = await identity.userToken();
  const url = replica?.url ?? '';
  await using wiki = connect(wikiContract, { as: 'user', url, token, log: silentLogger });
  const pageIds: string[] = [];
  for (let n = 0; n < pages; n++) {
    const slug = `page-${randomUUID()}`;
    pageIds.push((await wiki.pages.create.mutate({ slug, title: 'A page', body: 'Text' })).id);
  }
  return { token, pageIds };
}
