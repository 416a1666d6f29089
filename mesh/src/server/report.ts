/** The database of a service since the start of this process, as `/api/mesh` shows it; times in milliseconds. */
export interface DatabaseReport {
  /** Those that took the most time in total, most first. */
  statements: readonly Readonly<{
    /** Neither text nor values of the statement. */
    name: string;
    calls: number;
    /** Those of the calls that ended with an error. */
    failures: number;
    total_ms: number;
    mean_ms: number;
    longest_ms: number;
  }>[];
  /** `null` while they are not known. */
  migrations: Readonly<{
    applied: number;
    /** `applied_at` is an ISO 8601 time. */
    last: Readonly<{ name: string; applied_at: string }> | null;
    pending: number;
    /** The name of one that failed. */
    failed: string | null;
  }> | null;
}

/** What is public of a key that signs tokens. */
export interface SigningKeyReport {
  readonly kid: string;
  /** `next`: published, and does not sign yet; `old`: verifies the tokens it signed. */
  readonly state: 'current' | 'next' | 'old';
  /**
   * Time until `next` signs, until another key signs instead of `current`, or until `old` is removed, in seconds; `null` if
   * that is not known.
   */
  readonly changes_in_seconds: number | null;
}
