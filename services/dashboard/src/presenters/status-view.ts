import type { ServiceOverview } from '@arcadium/contracts/dashboard';
import { Latest } from '../domain/latest.ts';
import type { LiveStatus } from '../domain/live-status.ts';
import type { History, Uptime } from '../stores/history.ts';
import type { Incidents } from '../stores/incidents.ts';
import { presentPoint } from './history-point.ts';
import { presentIncident } from './incident.ts';

/** How long an uptime is used before it is computed again, in milliseconds. */
const uptimeForMs = 10_000;
/** The same for the whole state, within a round. */
const stateForMs = 1000;

export interface StatusState {
  at: string;
  services: ServiceOverview[];
}

export interface StatusViewOptions {
  live: LiveStatus;
  history: History;
  incidents: Incidents;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** The status page: live status, history and open incidents of all services. */
export class StatusView {
  readonly #options: StatusViewOptions;
  readonly #rounds = new Latest<number>();
  readonly #uptimes = new Map<string, { uptime: Uptime; at: number }>();
  /** The last state, computed once for all readers. */
  #state: { round: number; at: number; state: StatusState } | undefined;
  #round = 0;

  constructor(options: StatusViewOptions) {
    this.#options = options;
    this.#rounds.set(this.#round);
  }

  watches(service: string): boolean {
    return this.#options.live.has(service);
  }

  /** Notifies followers; to be called after a round was recorded. */
  update(): void {
    this.#round += 1;
    this.#rounds.set(this.#round);
  }

  current(): StatusState {
    const at = this.#options.now();
    const known = this.#state;
    if (known?.round === this.#round && at - known.at < stateForMs) return known.state;
    const state = this.#compute(at);
    this.#state = { round: this.#round, at, state };
    return state;
  }

  /** The state now, then after each round, until the signal fires. */
  async *follow(signal: AbortSignal): AsyncGenerator<StatusState> {
    for await (const _ of this.#rounds.follow(signal)) yield this.current();
  }

  #compute(at: number): StatusState {
    const { live, history, incidents } = this.#options;
    const open = new Map(incidents.allOpen().map((one) => [one.service, presentIncident(one)]));
    return {
      at: new Date(at).toISOString(),
      services: live.services().map((one) =>
        Object.assign(one, {
          uptime: this.#uptime(one.service, at),
          strip: history.points(one.service, 'hour').map(presentPoint),
          incident: open.get(one.service) ?? null,
        }),
      ),
    };
  }

  #uptime(service: string, at: number): Uptime {
    const known = this.#uptimes.get(service);
    if (known && known.uptime.day !== null && at - known.at < uptimeForMs) return known.uptime;
    const uptime = this.#options.history.uptime(service);
    this.#uptimes.set(service, { uptime, at });
    return uptime;
  }
}
