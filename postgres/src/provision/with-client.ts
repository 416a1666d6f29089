import { Client } from 'pg';

/** Connects with the admin's rights, to another database if given, for the duration of `work`. */
export async function withClient<Result>(
  adminUrl: string,
  database: string | undefined,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const url = new URL(adminUrl);
  if (database !== undefined) url.pathname = `/${encodeURIComponent(database)}`;
  const client = new Client({ connectionString: url.href, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // the running query reports it
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
