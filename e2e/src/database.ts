import { silentLogger } from '@arcadium/mesh/testing';
import { provision } from '@arcadium/prisma/provision';
import { createTestDatabase } from '@arcadium/prisma/testing';
import { createTestCluster, type TestCluster } from '@arcadium/prisma/testing-cluster';

/** A database with a schema for each service. */
export interface Database extends AsyncDisposable {
  /** The `DATABASE_URL` of a service. */
  url(service: string): string;
  /** The `DATABASE_OWNER_URL` of a service. */
  ownerUrl(service: string): string;
  /** The `DATABASE_DIRECT_URL` of a service, where `url` leads through a pooler. */
  directUrl?(service: string): string;
  /** The superuser's URL of the services' database. */
  readonly adminUrl: string;
}

/** On a PostgreSQL of this test alone, so that it may be killed. */
export interface OwnDatabase extends Database {
  readonly cluster: TestCluster;
  /** Makes again what is missing. */
  provision(): Promise<void>;
}

/** Makes one on the PostgreSQL of the run, migrated: for suites that leave the server alone. */
export function copyDatabase(services: readonly string[]): Promise<Database> {
  return createTestDatabase(services);
}

/** Starts a server, with nothing migrated. */
export async function startDatabase(services: readonly string[]): Promise<OwnDatabase> {
  const cluster = await createTestCluster();
  const urlOf = (role: string) => `postgres://${role}:only-for-tests@127.0.0.1:${cluster.port}/arcadium`;
  const ownerUrl = (service: string) => urlOf(`${service}_owner`);
  const { adminUrl } = cluster;
  const wanted = services.map((name) => ({ name, url: urlOf(name), ownerUrl: ownerUrl(name) }));
  const make = () => provision({ adminUrl, services: wanted, logger: silentLogger });
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
