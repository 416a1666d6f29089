import { escapeIdentifier, type Client } from 'pg';

/** Everything in a schema that a restore must bring back, in words that can be compared. */
export async function describeSchema(client: Client, schema: string) {
  const ask = async (sql: string): Promise<Record<string, unknown>[]> =>
    (await client.query(sql.replaceAll(':schema', `'${schema}'`))).rows;
  const tables = await ask(
    `SELECT relname::text AS name FROM pg_class WHERE relnamespace = :schema::regnamespace AND relkind = 'r'
     AND relpersistence = 'p' ORDER BY 1`,
  );
  const sequences = await ask(
    `SELECT relname::text AS name FROM pg_class WHERE relnamespace = :schema::regnamespace AND relkind = 'S' ORDER BY 1`,
  );
  const rows: Record<string, string[]> = {};
  for (const table of tables) {
    const name = String(table['name']);
    const found = await ask(`SELECT t::text AS row FROM "${schema}".${escapeIdentifier(name)} t ORDER BY 1`);
    rows[name] = found.map(({ row }) => String(row));
  }
  const values: Record<string, unknown> = {};
  for (const sequence of sequences) {
    const name = String(sequence['name']);
    [values[name]] = await ask(`SELECT last_value, is_called FROM "${schema}".${escapeIdentifier(name)}`);
  }
  return {
    rows,
    values,
    relations: await ask(
      `SELECT relname::text, relkind, relpersistence, pg_get_userbyid(relowner) AS owner,
         (SELECT array_agg(acl::text ORDER BY acl::text) FROM unnest(relacl) AS acl) AS rights
       FROM pg_class WHERE relnamespace = :schema::regnamespace ORDER BY 1`,
    ),
    columns: await ask(
      `SELECT table_name, ordinal_position, column_name, data_type, udt_name, is_nullable, column_default,
         character_maximum_length, identity_generation, generation_expression
       FROM information_schema.columns WHERE table_schema = :schema ORDER BY 1, 2`,
    ),
    constraints: await ask(
      `SELECT conrelid::regclass::text AS table, conname, pg_get_constraintdef(oid) AS definition, convalidated
       FROM pg_constraint WHERE connamespace = :schema::regnamespace AND contype <> 'n' ORDER BY 1, 2`,
    ),
    indexes: await ask(`SELECT indexdef FROM pg_indexes WHERE schemaname = :schema ORDER BY 1`),
    triggers: await ask(
      `SELECT tgenabled, pg_get_triggerdef(t.oid) AS definition FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
       WHERE relnamespace = :schema::regnamespace AND NOT tgisinternal ORDER BY 2`,
    ),
    routines: await ask(
      `SELECT oid::regprocedure::text AS name, pg_get_userbyid(proowner) AS owner, proacl::text, pg_get_functiondef(oid)
       FROM pg_proc WHERE pronamespace = :schema::regnamespace ORDER BY 1`,
    ),
    types: await ask(
      `SELECT typname::text, typtype, pg_get_userbyid(typowner) AS owner, typacl::text
       FROM pg_type WHERE typnamespace = :schema::regnamespace ORDER BY 1`,
    ),
    defaults: await ask(
      `SELECT defaclobjtype, defaclacl::text FROM pg_default_acl WHERE defaclnamespace = :schema::regnamespace ORDER BY 1`,
    ),
  };
}
