/** The migrations of a schema, as the process found them that last migrated here. */
export interface MigrationFigures {
  /** Migrations that the schema has. */
  applied: number;
  /** The one that was applied last; `applied_at` is an ISO 8601 time. */
  last: { name: string; applied_at: string } | null;
  /** Migrations of this version that the schema does not have. */
  pending: number;
  /** The one that PostgreSQL rejected, or that was interrupted. */
  failed: string | null;
}

/** Where `migrate` leaves what it finds, for `/api/mesh`. */
export class MigrationRecord {
  /** `null` until the schema was read. */
  figures: MigrationFigures | null = null;
}
