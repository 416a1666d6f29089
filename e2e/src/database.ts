import { silentLogger } from '@arcadium/mesh/testing';
import { provision } from '@arcadium/prisma/provision';
import { createTestCluster, type TestCluster } from '@arcadium/prisma/testing-cluster';

/** A PostgreSQL of this test alone, so that it may be killed, with a schema for each service. */
export interface OwnDatabase {
  readonly cluster: TestCluster;
  /** The `DATABASE_URL` of a service. */
  url(service: string): string;
  /** The superuser's URL of the services' database. */
  readonly adminUrl: string;
}

/** Starts one. */
export async function startDatabase(services: readonly string[]): Promise<OwnDatabase> {
  const cluster = await createTestCluster();
  const url = (service: string) => `postgres://${service}:only-for-tests@127.0.0.1:${cluster.port}/arcadium`;
  const { adminUrl } = cluster;
  await provision({
    adminUrl,
    services: services.map((name) => ({ name, url: url(name) })),
    logger: silentLogger,
  });
  return { cluster, url, adminUrl: adminUrl.replace(/\/postgres$/, '/arcadium') };
}
