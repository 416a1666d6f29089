import type { Client } from 'pg';

import { DatabaseClient } from '../database/client.ts';

/** Connects with the admin's rights, to another database if given, for the duration of `work`. */
export async function withClient<Result>(
  adminUrl: string,
  database: string | undefined,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const connectionString = database === undefined ? adminUrl : otherDatabase(adminUrl, database);
  const client = new DatabaseClient({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // the running query reports it
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Without parsing it: a URL with several hosts is none to `URL`. */
function otherDatabase(url: string, database: string): string {
  return url.replace(/^(\w+:\/\/[^/?#]*)(?:\/[^?#]*)?/, `$1/${encodeURIComponent(database)}`);
}
