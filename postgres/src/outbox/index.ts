export type { SqlDatabase, SqlExecutor } from '../sql/sql-database.ts';
export type { OutboxAnswer, OutboxMessage, OutboxSender } from './delivery.ts';
export { createOutboxHandlers, createOutboxRetention, type OutboxHandlers } from './given-up.ts';
export {
  Outbox,
  type NewMessage,
  type OutboxOptions,
  type PublishedMessage,
  type RunningRelay,
  type StartRelayOptions,
  type Topics,
} from './outbox.ts';
export { createOutboxRelay, type OutboxRelay, type OutboxRelayOptions } from './relay.ts';
export type { OutboxPayload, OutboxTables } from './tables.ts';
export { produce } from './trace.ts';
export { UndeliverableError } from './undeliverable-error.ts';
