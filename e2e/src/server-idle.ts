import { Client } from 'pg';
import { until } from './mesh.ts';
import type { Wikis } from './wikis.ts';

/** Waits until there are no calls in progress in a server, and no transactions in the database. */
export async function untilIdle({ database, replicas }: Wikis): Promise<void> {
  const client = new Client({ connectionString: database.adminUrl });
  await client.connect();
  const isIdle = async (): Promise<boolean> => {
    for (const { url } of replicas) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const counts = text.matchAll(/^mesh_server_(?:in_flight|queued)(?:\{.*\})? (\d+)$/gm);
      if (Array.from(counts, ([, count]) => Number(count)).some((count) => count > 0)) return false;
    }
    const { rows } = await client.query(
      `SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND usename <> current_user AND state <> 'idle'`,
    );
    return rows.length === 0;
  };
  try {
    let readings = 0;
    // Requests that have arrived may not have been read yet.
    await until(async () => {
      readings = (await isIdle()) ? readings + 1 : 0;
      return readings === 3;
    }, 'nothing is under way');
  } finally {
    await client.end();
  }
}
