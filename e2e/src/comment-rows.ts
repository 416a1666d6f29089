import { Client } from 'pg';
import type { OwnDatabase } from './database.ts';

/** The ids of the comments in the wiki's database whose text begins with a word, by text. */
export async function commentRows(
  { adminUrl }: Pick<OwnDatabase, 'adminUrl'>,
  word: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string; body: string }>(
      `SELECT id, body FROM wiki.comments WHERE starts_with(body, $1)`,
      [word],
    );
    const ids = new Map<string, string[]>();
    for (const { id, body } of rows) ids.set(body, [...(ids.get(body) ?? []), id]);
    return ids;
  } finally {
    await client.end();
  }
}
