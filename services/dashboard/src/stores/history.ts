import type { Sample } from '../domain/sample.ts';
import type { ServiceStatus } from '@arcadium/contracts/dashboard';
import type { HistoryFile, Row } from './history-file.ts';

const second = 1000;
const minute = 60 * second;
const quarter = 15 * minute;
const hour = 60 * minute;
const day = 24 * hour;

/** How long single checks and rollups of each width are kept, in milliseconds. */
const keptMs = { checks: day, minutes: 7 * day, quarters: 30 * day };

/** In memory, single checks are kept for this time. */
const keptInMemoryMs = hour;

/** From the best to the worst; their index is what is stored. */
const statuses: readonly ServiceStatus[] = ['healthy', 'degraded', 'unknown', 'stale', 'unhealthy'];
const failed = statuses.indexOf('unhealthy');

/** Parts of a span: read from rollups of `width`, joined to parts of `step`. */
const spans = {
  hour: { width: minute, step: minute, parts: 60 },
  day: { width: minute, step: 10 * minute, parts: 144 },
  week: { width: quarter, step: hour, parts: 168 },
  month: { width: quarter, step: 4 * hour, parts: 180 },
} as const;
export type Span = keyof typeof spans;

/** The checks of one part of a span. */
export interface Part {
  /** Its start, in milliseconds since 1970. */
  readonly at: number;
  readonly checks: number;
  readonly up: number;
  readonly worst: ServiceStatus;
  /** Mean and highest response time; null without an answer. */
  readonly responseTimeMs: number | null;
  readonly slowestMs: number | null;
}

/** Shares of successful checks; null without checks. */
export type Uptime = Readonly<Record<'day' | 'week' | 'month', number | null>>;

/** Checks over 30 days: each for a day, by the minute for 7 days, by the quarter of an hour for 30 days. */
export class History {
  readonly #file: HistoryFile;
  readonly #now: () => number;

  /** @param now Milliseconds since 1970. */
  constructor(file: HistoryFile, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  add(samples: readonly Sample[]): void {
    this.#file.transaction(() => {
      for (const sample of samples) this.#addOne(sample);
    });
  }

  #addOne({ service, at, status, responseTimeMs, reason }: Sample): void {
    const code = statuses.indexOf(status);
    this.#file.run(
      'INSERT OR REPLACE INTO checks (service, at, status, response_ms, reason) VALUES (?, ?, ?, ?, ?)',
      service,
      at,
      code,
      responseTimeMs,
      reason,
    );
    const answered = responseTimeMs === null ? 0 : 1;
    for (const width of [minute, quarter])
      this.#file.run(
        `INSERT INTO rollups VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET checks = checks + 1, up = up + excluded.up, worst = max(worst, excluded.worst),
           answered = answered + excluded.answered, response_sum = response_sum + excluded.response_sum,
           slowest = max(coalesce(slowest, excluded.slowest), coalesce(excluded.slowest, slowest))`,
        width,
        service,
        startOf(at, width),
        code === failed ? 0 : 1,
        code,
        answered,
        responseTimeMs ?? 0,
        responseTimeMs,
      );
  }

  /** The parts of a span that ends now, oldest first, also those without checks. */
  points(service: string, span: Span): Part[] {
    const { width, step, parts } = spans[span];
    const last = startOf(this.#now(), step);
    const first = last - (parts - 1) * step;
    const rows = this.#file.all(
      `SELECT at - at % ? AS part, sum(checks) AS checks, sum(up) AS up, max(worst) AS worst,
         sum(response_sum) / nullif(sum(answered), 0) AS mean, max(slowest) AS slowest
       FROM rollups WHERE width = ? AND service = ? AND at >= ? GROUP BY part`,
      step,
      width,
      service,
      first,
    );
    const found = new Map(rows.map((row) => [Number(row['part']), row]));
    return Array.from({ length: parts }, (_, index) =>
      partOf(first + index * step, found.get(first + index * step)),
    );
  }

  /** To a quarter of an hour. */
  uptime(service: string): Uptime {
    const from = (span: number): number => startOf(this.#now() - span, quarter);
    const [row] = this.#file.all(
      `SELECT sum(iif(at >= ?1, up, NULL)) AS day_up, sum(iif(at >= ?1, checks, NULL)) AS day_all,
         sum(iif(at >= ?2, up, NULL)) AS week_up, sum(iif(at >= ?2, checks, NULL)) AS week_all,
         sum(up) AS month_up, sum(checks) AS month_all
       FROM rollups WHERE width = ?4 AND service = ?5 AND at >= ?3`,
      from(day),
      from(7 * day),
      from(30 * day),
      quarter,
      service,
    );
    const share = (name: string): number | null => {
      const all = Number(row?.[`${name}_all`] ?? 0);
      return all > 0 ? Number(row?.[`${name}_up`] ?? 0) / all : null;
    };
    return { day: share('day'), week: share('week'), month: share('month') };
  }

  /** The last checks of every service since a time, oldest first. */
  since(at: number): Sample[] {
    const rows = this.#file.all('SELECT * FROM checks WHERE at >= ? ORDER BY at', at);
    return rows.map((row) => ({
      service: String(row['service']),
      at: Number(row['at']),
      status: statuses[Number(row['status'])] ?? 'unknown',
      responseTimeMs: numberOf(row['response_ms']),
      reason: row['reason'] === null ? null : String(row['reason']),
    }));
  }

  /** Deletes what is older than its time. */
  thin(): void {
    const now = this.#now();
    const checks = this.#file.inMemory ? keptInMemoryMs : keptMs.checks;
    this.#file.transaction(() => {
      this.#file.run('DELETE FROM checks WHERE at < ?', now - checks);
      const rollups = 'DELETE FROM rollups WHERE width = ? AND at < ?';
      this.#file.run(rollups, minute, now - keptMs.minutes);
      this.#file.run(rollups, quarter, now - keptMs.quarters);
      this.#file.run('DELETE FROM incidents WHERE ended_at < ?', now - keptMs.quarters);
    });
  }
}

function startOf(at: number, width: number): number {
  return Math.floor(at / width) * width;
}

function partOf(at: number, row: Row | undefined): Part {
  return {
    at,
    checks: Number(row?.['checks'] ?? 0),
    up: Number(row?.['up'] ?? 0),
    worst: (row && statuses[Number(row['worst'])]) ?? 'unknown',
    responseTimeMs: numberOf(row?.['mean']),
    slowestMs: numberOf(row?.['slowest']),
  };
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
