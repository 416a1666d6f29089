import type { SqlDatabase } from '@arcadium/postgres/idempotency';
// region: pricing
import type { Clients } from '../clients.ts';
// endregion: pricing
import type { Database, Transaction } from '../stores/items.ts';

/** What the handlers need. */
export interface InventoryDeps {
  database: Database;
  /** The same, for idempotency keys. */
  sql: SqlDatabase<Transaction>;
  // region: pricing
  clients: Clients;
  // endregion: pricing
}
