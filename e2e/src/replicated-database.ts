import { silentLogger } from '@arcadium/mesh/testing';
import { provision } from '@arcadium/postgres/provision';
import { createReplicated, type Replicated } from '@arcadium/postgres/testing-standby';
import type { Database } from './database.ts';

/** A database on a primary with a synchronous standby; the services' URLs name both. */
export interface ReplicatedDatabase extends Database {
  readonly servers: Replicated;
}

/** Starts both with a database that is not migrated. */
export async function startReplicatedDatabase(services: readonly string[]): Promise<ReplicatedDatabase> {
  const servers = await createReplicated();
  const { primary, standby } = servers;
  // The standby first: it is not the order that decides.
  const hosts = [standby, primary].map(({ port }) => `127.0.0.1:${port}`).join();
  const urlOf = (role: string) => `postgres://${role}:only-for-tests@${hosts}/arcadium`;
  const ownerUrl = (service: string) => urlOf(`${service}_owner`);
  const adminUrl = `postgres://postgres:secret@${hosts}/postgres`;
  const wanted = services.map((name) => ({ name, url: urlOf(name), ownerUrl: ownerUrl(name) }));
  await provision({ adminUrl, services: wanted, log: silentLogger });
  return {
    servers,
    url: urlOf,
    ownerUrl,
    adminUrl: adminUrl.replace(/\/postgres$/, '/arcadium'),
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}
