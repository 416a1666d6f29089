import type { PoolConfig } from 'pg';

/**
 * When PostgreSQL gives up a statement of a service's traffic, in milliseconds: a little more than the longest that a
 * procedure may take.
 */
export const longestStatementMs = 16_000;

/**
 * Startup options of every session on a service's schema. They win over the settings of its role.
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
  return `-c search_path=${schema},extensions -c timezone=UTC -c statement_timeout=${statementTimeoutMs}`;
}

/** Connection settings common to every pool and client of this package. */
export function connectionConfig(url: string, schema: string, connectTimeoutMs: number): PoolConfig {
  return { ...pooledConfig(url, connectTimeoutMs), options: sessionOptions(schema) };
}

/**
 * The same for a connection pooler, which takes no startup options (PgBouncer refuses them, or is told to ignore them):
 * there, sessions have the settings of their role, which provisioning makes.
 *
 * @see https://www.pgbouncer.org/config.html#ignore_startup_parameters
 */
export function pooledConfig(url: string, connectTimeoutMs: number): PoolConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    // The first probe after 10 s of silence; without it the kernel waits two hours.
    keepAliveInitialDelayMillis: 10_000,
  };
}
