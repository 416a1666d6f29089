import type { PoolConfig } from 'pg';

import { DatabaseClient } from './client.ts';

/**
 * When PostgreSQL ends a statement of a service, in milliseconds: slightly more than the longest timeout of a
 * procedure.
 */
export const longestStatementMs = 16_000;

/**
 * Startup options of every session of a service. They take precedence over the settings of its role.
 *
 * `search_path` finds only the service's tables and the extensions. The time zone is set because
 * `@prisma/adapter-pg` writes times without an offset and drops the offset of those it reads: on a server
 * with another default than UTC, every `timestamptz` would be off by hours.
 *
 * @param schema The service's schema, such as `auth`.
 * @param statementTimeoutMs When PostgreSQL ends a statement, in milliseconds.
 * @default 0, never
 */
export function sessionOptions(schema: string, statementTimeoutMs = 0): string {
  return `-c search_path=${schema},extensions -c timezone=UTC -c statement_timeout=${statementTimeoutMs}`;
}

/** Common connection settings of all pools and clients of this package. */
export function connectionConfig(url: string, schema: string, connectTimeoutMs: number): PoolConfig {
  return { ...pooledConfig(url, connectTimeoutMs), options: sessionOptions(schema) };
}

/**
 * The same for a connection pooler, which accepts no startup options (PgBouncer refuses them, or can ignore
 * them): sessions have the settings of their role, which provisioning sets.
 *
 * @see https://www.pgbouncer.org/config.html#ignore_startup_parameters
 */
export function pooledConfig(url: string, connectTimeoutMs: number): PoolConfig {
  return {
    connectionString: url,
    Client: DatabaseClient,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    // The first probe after 10 s of silence; the kernel's default is two hours.
    keepAliveInitialDelayMillis: 10_000,
  };
}
