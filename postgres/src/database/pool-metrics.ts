import { gauge } from '@arcadium/mesh/telemetry';
import type { Pool } from 'pg';

const measured = new Set<Pool>();

/** Adds a pool to the metrics of this process. @returns Removes it. */
export function measurePool(pool: Pool): () => void {
  measured.add(pool);
  return () => void measured.delete(pool);
}

const sumOf = (read: (pool: Pool) => number) => [...measured].reduce((sum, pool) => sum + read(pool), 0);

gauge(
  {
    name: 'database_pool_connections',
    help: 'Connections of this process to its database, by state: used, idle',
    labels: ['state'],
  },
  (set) => {
    if (measured.size === 0) return;
    set(
      { state: 'used' },
      sumOf(({ totalCount, idleCount }) => totalCount - idleCount),
    );
    set(
      { state: 'idle' },
      sumOf(({ idleCount }) => idleCount),
    );
  },
);

gauge(
  {
    name: 'database_pool_max_connections',
    help: 'Most connections of this process to its database',
    labels: [],
  },
  (set) => {
    if (measured.size > 0)
      set(
        {},
        sumOf(({ options }) => options.max),
      );
  },
);

gauge(
  {
    name: 'database_pool_waiting',
    help: 'Statements and transactions of this process that wait for a connection to its database',
    labels: [],
  },
  (set) => {
    if (measured.size > 0)
      set(
        {},
        sumOf(({ waitingCount }) => waitingCount),
      );
  },
);
