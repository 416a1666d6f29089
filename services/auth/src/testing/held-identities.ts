import { vi } from 'vitest';
import type { Replicas } from './replicas.ts';

/** The advisory lock that every change of identities shares, as in the service's stores. */
const credentialsLock = 7_261_350;

/** All tables that a change of identities may write to. */
const tables = [
  'audit_log',
  'password_history',
  'recovery_codes',
  'service_tokens',
  'services',
  'sessions',
  'signing_keys',
  'token_blacklist',
  'totp_secrets',
  'users',
];

/** By table. */
export type Fingerprints = Readonly<Record<string, string>>;

/** A transaction that blocks all changes of identities until it is committed. */
export interface HeldIdentities {
  /** Writes in the transaction. */
  write(sql: string, ...values: unknown[]): Promise<void>;
  /** A fingerprint of each table as the transaction sees it, by table name. */
  fingerprints(): Promise<Fingerprints>;
  /** Resolves when a change of identities waits for the transaction, and so has been authenticated. */
  someoneWaits(): Promise<void>;
  /** Commits; further calls do nothing. */
  release(): Promise<void>;
}

export async function holdIdentities({ pool }: Pick<Replicas, 'pool'>): Promise<HeldIdentities> {
  const connection = await pool.connect();
  await connection.query('BEGIN');
  await connection.query(`SELECT pg_advisory_xact_lock(${credentialsLock}::bigint)`);
  let committing: Promise<void> | undefined;
  const commit = async () => {
    await connection.query('COMMIT');
    connection.release();
  };
  return {
    async write(sql, ...values) {
      await connection.query(sql, values);
    },
    fingerprints: () => fingerprints(connection),
    someoneWaits: () =>
      vi.waitFor(
        async () => {
          const { rows } = await pool.query(
            `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${credentialsLock} AND NOT granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          );
          if (rows.length === 0) throw new Error('no change of identities waits');
        },
        { timeout: 20_000, interval: 20 },
      ),
    release: () => (committing ??= commit()),
  };
}

/** A fingerprint of each table, by name. */
export async function fingerprints(from: Pick<Replicas['pool'], 'query'>): Promise<Fingerprints> {
  const sums = tables.map(
    (table) => `(SELECT count(*) || md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))
      FROM auth.${table} t) AS ${table}`,
  );
  const { rows } = await from.query(`SELECT ${sums.join(', ')}`);
  return rows[0];
}
