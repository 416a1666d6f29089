import { setTimeout as delay } from 'node:timers/promises';
import type { Startable } from '@arcadium/mesh/server';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Tls } from '@arcadium/mesh/tls';
import { statusReport, type Check, type Round, type StatusReport, type Target } from '../domain/round.ts';
import { ask, problemOf } from './ask.ts';

/** Most checks at the same time. */
const maxConcurrent = 64;

/** Longest wait for the answers of a round, in milliseconds and as a share of the interval; later ones are in the next round. */
const grace = { ms: 1000, share: 0.5 };

export interface CollectorOptions {
  /** The replicas to check now. */
  targets: { current(): readonly Target[] };
  /** The service token in force. */
  token: () => string;
  /** In milliseconds. */
  intervalMs: number;
  /** Milliseconds since 1970. */
  now: () => number;
  /** For replicas with https. @default as Node verifies them */
  tls?: Tls | undefined;
  log: Logger;
}

export type RoundListener = (round: Round) => void;

/**
 * Checks every replica at each interval, all at the same time, and gives the answers to its listeners as a round. A
 * replica that does not answer in time is missing from the round; its check ends in a later one.
 */
export class Collector implements Startable {
  readonly #options: CollectorOptions;
  readonly #listeners: RoundListener[] = [];
  readonly #stopping = new AbortController();
  /** Replicas whose check has not ended. */
  readonly #busy = new Map<string, Promise<void>>();
  /** Replicas that gave no answer to the last check: they go last. */
  readonly #silent = new Set<string>();
  #ended: Check[] = [];
  #running: Promise<void> | undefined;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Calls the listener after each round, in the order of registration. */
  onRound(listener: RoundListener): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await Promise.all(this.#busy.values());
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAt = performance.now();
      await this.#round(signal);
      const leftMs = this.#options.intervalMs - (performance.now() - startedAt);
      // Rejects when stopped.
      await delay(Math.max(0, leftMs), undefined, { signal }).catch(() => {});
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const targets = this.#options.targets.current();
    const free = targets.filter((target) => !this.#busy.has(keyOf(target)));
    const waiting = free.toSorted((one, other) => this.#rank(one) - this.#rank(other));
    const room = Math.max(0, maxConcurrent - this.#busy.size);
    const lanes = Array.from({ length: Math.min(room, waiting.length) }, () => this.#lane(waiting, signal));
    const graceMs = Math.min(grace.ms, this.#options.intervalMs * grace.share);
    const pause = new AbortController();
    await Promise.race([
      Promise.all(lanes),
      delay(graceMs, undefined, { signal: AbortSignal.any([signal, pause.signal]) }).catch(() => {}),
    ]);
    pause.abort();
    // Those that no lane has reached are checked in the next round.
    waiting.length = 0;
    const checks = this.#ended;
    this.#ended = [];
    if (!signal.aborted) this.#publish({ at: this.#options.now(), targets, checks });
  }

  #rank(target: Target): number {
    return this.#silent.has(keyOf(target)) ? 1 : 0;
  }

  /** Checks one replica after the other. */
  async #lane(waiting: Target[], signal: AbortSignal): Promise<void> {
    for (let target = waiting.shift(); target && !signal.aborted; target = waiting.shift()) {
      const key = keyOf(target);
      const check = this.#check(target, signal);
      this.#busy.set(key, check);
      await check;
      this.#busy.delete(key);
    }
  }

  async #check(target: Target, stopping: AbortSignal): Promise<void> {
    const { now, token, tls, intervalMs } = this.#options;
    const limitMs = Math.min(5000, Math.max(1000, intervalMs - 200));
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]);
    const { servername } = target;
    const open = { tls, servername, signal };
    const own = { ...open, authorization: `Service-Token ${token()}` };
    const startedAt = performance.now();
    const [status, mesh, metrics] = await Promise.all([
      ask(`${target.url}/api/status`, open).then(
        (answer) => ({ ...read(answer), responseTimeMs: performance.now() - startedAt }),
        (error: unknown) => ({
          report: undefined,
          problem: problemOf(error, limitMs),
          responseTimeMs: null,
        }),
      ),
      ask(`${target.url}/api/mesh`, own).then(parsed, () => undefined),
      ask(`${target.url}/metrics`, own).then(
        (answer) => (answer.status === 200 ? answer.text : undefined),
        () => undefined,
      ),
    ]);
    if (stopping.aborted) return;
    if (status.responseTimeMs === null) this.#silent.add(keyOf(target));
    else this.#silent.delete(keyOf(target));
    this.#ended.push({ ...target, at: now(), ...status, mesh, metrics });
  }

  #publish(round: Round): void {
    for (const listener of this.#listeners) {
      try {
        listener(round);
      } catch (err) {
        this.#options.log.error({ err }, 'a round of checks could not be recorded');
      }
    }
  }
}

function keyOf({ service, url }: Target): string {
  return `${service} ${url}`;
}

function read({ status, text }: { status: number; text: string }): {
  report: StatusReport | undefined;
  problem: string | undefined;
} {
  const { data } = statusReport.safeParse(parsed({ status: 200, text }));
  if (data) return { report: data, problem: undefined };
  const shouldReport = status === 200 || status === 503;
  const problem = shouldReport
    ? 'its answer is not a status report'
    : `it answered with HTTP status ${status}`;
  return { report: undefined, problem };
}

function parsed({ status, text }: { status: number; text: string }): unknown {
  if (status !== 200) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
