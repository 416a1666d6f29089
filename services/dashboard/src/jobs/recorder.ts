import type { Startable } from '@arcadium/mesh/server';
import { startupLeftMs, type Logger } from '@arcadium/mesh/telemetry';
import { IncidentTracker } from '../domain/incident-tracker.ts';
import type { LiveStatus } from '../domain/live-status.ts';
import type { Round } from '../domain/round.ts';
import { hasFailed, samplesOf, type Sample } from '../domain/sample.ts';
import type { History } from '../stores/history.ts';
import type { Incidents, StoredIncident } from '../stores/incidents.ts';

/** Interval at which old history is deleted, in milliseconds. */
const thinEveryMs = 600_000;

/** Checks before a restart still count towards an incident if they are younger than this, in milliseconds. */
const resumeMs = 30_000;

export interface RecorderOptions {
  live: LiveStatus;
  history: History;
  incidents: Incidents;
  /** Called when an incident opens or closes; must neither block nor throw. */
  onIncident: (incident: StoredIncident) => void;
  /** Milliseconds since 1970. */
  now: () => number;
  log: Logger;
}

/** Records each round: live status, history, incidents. */
export class Recorder implements Startable {
  readonly #options: RecorderOptions;
  #tracker = new IncidentTracker([]);
  /** Services that have answered since the start. */
  readonly #seen = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  start(): void {
    const { history, incidents, now } = this.#options;
    this.#tracker = new IncidentTracker(incidents.allOpen().map(({ service }) => service));
    // The changes that these checks made are stored.
    for (const sample of history.since(now() - resumeMs)) this.#tracker.add(sample);
    history.thin();
    this.#timer = setInterval(() => history.thin(), thinEveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  record(round: Round): void {
    const { live, history } = this.#options;
    live.record(round);
    const samples = samplesOf(round, live.services()).filter((sample) => this.#counts(sample));
    history.add(samples);
    for (const sample of samples) this.#track(sample);
  }

  /** Whether a check counts: when this process starts, the others may be starting too. */
  #counts(sample: Sample): boolean {
    if (!hasFailed(sample)) this.#seen.add(sample.service);
    return this.#seen.has(sample.service) || startupLeftMs() === 0;
  }

  #track(sample: Sample): void {
    const { incidents, onIncident, log } = this.#options;
    const change = this.#tracker.add(sample);
    if (!change) return;
    const { service } = change;
    if (change.kind === 'opened') {
      const { startedAt, reason } = change;
      onIncident(incidents.open(service, startedAt, reason));
      log.warn({ dependency: service, reason }, `incident: ${service} does not serve`);
      return;
    }
    const closed = incidents.close(service, change.endedAt);
    if (closed) onIncident(closed);
    log.info({ dependency: service }, `end of the incident: ${service} serves again`);
  }
}
