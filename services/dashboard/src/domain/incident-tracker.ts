import { hasFailed, type Sample } from './sample.ts';

/** Failed checks in a row that open an incident, and successful ones that close it. */
const opensAfter = 3;
const closesAfter = 2;

export type IncidentChange =
  | Readonly<{ kind: 'opened'; service: string; startedAt: number; reason: string }>
  | Readonly<{ kind: 'closed'; service: string; endedAt: number }>;

/** Checks in a row that say the opposite of the current state. */
interface Streak {
  open: boolean;
  length: number;
  /** Time and reason of the first of them. */
  since: number;
  reason: string;
}

/** Decides from the checks of each service when an incident opens and closes. */
export class IncidentTracker {
  readonly #streaks = new Map<string, Streak>();

  /** @param open Services with an open incident. */
  constructor(open: Iterable<string>) {
    for (const service of open) this.#streaks.set(service, { open: true, length: 0, since: 0, reason: '' });
  }

  /** Takes a check. @returns What it changes. */
  add(sample: Sample): IncidentChange | undefined {
    const { service, at } = sample;
    const streak = this.#streaks.get(service) ?? { open: false, length: 0, since: 0, reason: '' };
    this.#streaks.set(service, streak);
    if (hasFailed(sample) === streak.open) {
      streak.length = 0;
      return undefined;
    }
    if (streak.length === 0) {
      streak.since = at;
      streak.reason = sample.reason ?? 'unknown';
    }
    streak.length += 1;
    if (streak.length < (streak.open ? closesAfter : opensAfter)) return undefined;
    streak.open = !streak.open;
    streak.length = 0;
    return streak.open
      ? { kind: 'opened', service, startedAt: streak.since, reason: streak.reason }
      : { kind: 'closed', service, endedAt: streak.since };
  }
}
