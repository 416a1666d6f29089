import type { Client } from 'pg';

// Whether a version that knows nothing of a migration can go on working while and after it is applied. Decided
// by what PostgreSQL has before and after, not by the text of the migration.

/** What the statements of a version rely on, by a name for people; the value is what must not change. */
export type Snapshot = ReadonlyMap<string, string>;

/** Tables, columns, constraints, unique indexes, enum values, views and functions of a schema. */
const catalog = `
  SELECT 'table ' || relname AS thing, 'a relation' AS state FROM pg_class
   WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
  UNION ALL
  SELECT 'column ' || relname || '.' || attname,
         format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
           || CASE WHEN atthasdef OR attidentity <> '' THEN ' DEFAULT' ELSE '' END
    FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
   WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT 'constraint ' || relname || '.' || conname, pg_get_constraintdef(pg_constraint.oid)
    FROM pg_constraint JOIN pg_class ON conrelid = pg_class.oid
   WHERE relnamespace = $1::regnamespace AND contype IN ('c', 'f', 'x')
  UNION ALL
  SELECT 'unique ' || owner.relname || '.' || index.relname, pg_get_indexdef(indexrelid)
    FROM pg_index JOIN pg_class AS owner ON indrelid = owner.oid JOIN pg_class AS index ON indexrelid = index.oid
   WHERE owner.relnamespace = $1::regnamespace AND indisunique
  UNION ALL
  SELECT 'value ' || typname || '.' || enumlabel, 'of an enum' FROM pg_enum JOIN pg_type ON enumtypid = pg_type.oid
   WHERE typnamespace = $1::regnamespace
  UNION ALL
  SELECT 'function ' || proname || '(' || pg_get_function_identity_arguments(oid) || ')', pg_get_function_result(oid)
    FROM pg_proc WHERE pronamespace = $1::regnamespace`;

/** Reads what a schema has. */
export async function snapshot(client: Client, schema: string): Promise<Snapshot> {
  const { rows } = await client.query<{ thing: string; state: string }>(catalog, [schema]);
  return new Map(rows.map(({ thing, state }) => [thing, state]));
}

/**
 * What a migration takes from the version before it, which runs beside this one during an upgrade and after a
 * roll back: it removes or renames what that version uses, changes a type, or refuses rows that it writes.
 *
 * @returns A sentence for each; empty if both versions can live with it.
 */
export function breaks(before: Snapshot, after: Snapshot): string[] {
  const gone = [...before.keys()]
    .filter((thing) => !after.has(thing))
    .map((thing) => `${thing} is gone or renamed`);
  const changed = [...after].flatMap(([thing, state]) => {
    const was = before.get(thing);
    return was === undefined ? refusal(thing, state, before) : change(thing, was, state);
  });
  return [...gone, ...changed];
}

function tableOf(thing: string): string {
  return thing.replace(/^\w+ /, '').split('.')[0] ?? '';
}

/** What is new, on a table that the version before writes to. */
function refusal(thing: string, state: string, before: Snapshot): string[] {
  if (!before.has(`table ${tableOf(thing)}`)) return [];
  if (thing.startsWith('column ') && state.endsWith(' NOT NULL'))
    return [`${thing} is new, NOT NULL, and has no default: the version before cannot insert rows`];
  if (/^(?:constraint|unique) /.test(thing))
    return [`${thing} is new: rows that the version before writes may be refused (${state})`];
  return [];
}

function change(thing: string, was: string, is: string): string[] {
  if (was === is) return [];
  if (!thing.startsWith('column ')) return [`${thing} changes from ${was} to ${is}`];
  // A default more, or NULL allowed, changes nothing for statements that were written before.
  const bare = (state: string) => state.replace(/ NOT NULL| DEFAULT/g, '');
  if (bare(was) !== bare(is)) return [`${thing} changes its type from ${bare(was)} to ${bare(is)}`];
  if (!was.includes('NOT NULL') && is.includes('NOT NULL')) return [`${thing} becomes NOT NULL`];
  if (was.includes('DEFAULT') && !is.includes('DEFAULT') && is.includes('NOT NULL'))
    return [`${thing} loses its default`];
  return [];
}

/**
 * The migration whose second half this one is, from its line `-- contract of <name>: <reason>`: an earlier
 * release stopped using what this one removes.
 */
export function contractOf(sql: string): string | undefined {
  return /^-- contract of (\d{14}_\w+): \S/m.exec(sql)?.[1];
}
