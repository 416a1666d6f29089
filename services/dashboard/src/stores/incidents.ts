import type { HistoryFile, Row } from './history-file.ts';

export interface StoredIncident {
  readonly id: number;
  readonly service: string;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  /** Null while it is open. */
  readonly endedAt: number | null;
  readonly reason: string;
}

/** Incidents of the last 30 days, and all that are open. */
export class Incidents {
  readonly #file: HistoryFile;

  constructor(file: HistoryFile) {
    this.#file = file;
  }

  open(service: string, startedAt: number, reason: string): StoredIncident {
    const id = this.#file.run(
      'INSERT INTO incidents (service, started_at, reason) VALUES (?, ?, ?)',
      service,
      startedAt,
      reason,
    );
    return { id, service, startedAt, endedAt: null, reason };
  }

  /** Closes the open incident of a service. @returns It, if there was one. */
  close(service: string, endedAt: number): StoredIncident | undefined {
    const [row] = this.#file.all(
      'UPDATE incidents SET ended_at = ? WHERE service = ? AND ended_at IS NULL RETURNING *',
      endedAt,
      service,
    );
    return row && incidentOf(row);
  }

  allOpen(): StoredIncident[] {
    return this.#file.all('SELECT * FROM incidents WHERE ended_at IS NULL').map(incidentOf);
  }

  /** Newest first. @param page.before Id of the last incident of the previous page. */
  list(page: { service: string | undefined; before: number | undefined; limit: number }): StoredIncident[] {
    const { service = null, before = Number.MAX_SAFE_INTEGER, limit } = page;
    return this.#file
      .all(
        'SELECT * FROM incidents WHERE (?1 IS NULL OR service = ?1) AND id < ?2 ORDER BY id DESC LIMIT ?3',
        service,
        before,
        limit,
      )
      .map(incidentOf);
  }
}

function incidentOf(row: Row): StoredIncident {
  return {
    id: Number(row['id']),
    service: String(row['service']),
    startedAt: Number(row['started_at']),
    endedAt: row['ended_at'] === null ? null : Number(row['ended_at']),
    reason: String(row['reason']),
  };
}
