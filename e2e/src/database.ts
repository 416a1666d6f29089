import { silentLogger } from '@arcadium/mesh/testing';
import { provision } from '@arcadium/postgres/provision';
import { createTestCluster, type TestCluster } from '@arcadium/postgres/testing-cluster';
import { createTestDatabase } from '@arcadium/prisma/testing';

/** A database with a schema for each service. */
export interface Database extends AsyncDisposable {
  url(service: string): string;
  ownerUrl(service: string): string;
  /** The `DATABASE_DIRECT_URL` of a service, if `url` leads through a pooler. */
  directUrl?(service: string): string;
  /** The superuser's URL of the services' database. */
  readonly adminUrl: string;
}

/** A database on its own PostgreSQL server, which a test may kill. */
export interface OwnDatabase extends Database {
  readonly cluster: TestCluster;
  /** Creates what is missing. */
  provision(): Promise<void>;
}

/** Creates a migrated database on this run's PostgreSQL, for suites that do not affect the server. */
export function copyDatabase(services: readonly string[]): Promise<Database> {
  return createTestDatabase(services);
}

/** Starts a server with a database that is not migrated. */
export async function startDatabase(services: readonly string[]): Promise<OwnDatabase> {
  const cluster = await createTestCluster();
  const urlOf = (role: string) => `postgres://${role}:only-for-tests@127.0.0.1:${cluster.port}/arcadium`;
  const ownerUrl = (service: string) => urlOf(`${service}_owner`);
  const { adminUrl } = cluster;
  const wanted = services.map((name) => ({ name, url: urlOf(name), ownerUrl: ownerUrl(name) }));
  const make = () => provision({ adminUrl, services: wanted, log: silentLogger });
  await make();
  return {
    cluster,
    url: urlOf,
    ownerUrl,
    adminUrl: adminUrl.replace(/\/postgres$/, '/arcadium'),
    provision: make,
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}
