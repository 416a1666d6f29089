import type { PoolConfig } from 'pg';

/**
 * Startup options of every session on a service's schema.
 *
 * `search_path` finds the service's tables and the extensions, and nothing
 * else. The time zone is pinned because `@prisma/adapter-pg` writes times
 * without an offset and drops the offset of those it reads: on a server whose
 * default is not UTC every `timestamptz` would be off by hours.
 *
 * @param schema Name of the service's schema, e.g. `auth`.
 * @param statementTimeoutMs When PostgreSQL itself gives a statement up, in milliseconds. @default 0, never
 */
export function sessionOptions(schema: string, statementTimeoutMs = 0): string {
  const options = `-c search_path=${schema},extensions -c timezone=UTC`;
  return statementTimeoutMs > 0 ? `${options} -c statement_timeout=${statementTimeoutMs}` : options;
}

/** Connection settings common to every pool and client of this package. */
export function connectionConfig(url: string, schema: string, connectTimeoutMs: number): PoolConfig {
  return {
    connectionString: url,
    options: sessionOptions(schema),
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    // The first probe after 10 s of silence; without it the kernel waits two hours.
    keepAliveInitialDelayMillis: 10_000,
  };
}
