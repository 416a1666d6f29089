export type { SqlDatabase, SqlExecutor } from '../sql/sql-database.ts';
export { createKeyRetention, type KeyRetentionOptions } from './key-retention.ts';
export { once, onceWithin, type FromJson, type KeyedCall } from './once.ts';
