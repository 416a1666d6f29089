import { startupLevel } from '@arcadium/mesh/telemetry';

import type { Logger } from '../logger.ts';
import type { Obstacle } from './obstacle.ts';

/** Interval at which the same line is repeated, in milliseconds. */
const repeatMs = 30_000;

/**
 * Logs what a service waits for: once for each reason, again when it becomes a warning after the start phase,
 * and every 30 s.
 */
export class WaitingLog {
  readonly #service: string;
  readonly #log: Logger;
  #said: { reason: string; level: 'info' | 'warn'; at: number } | undefined;

  constructor(service: string, log: Logger) {
    this.#service = service;
    this.#log = log;
  }

  say({ reason, code }: Obstacle): void {
    const level = startupLevel();
    const at = performance.now();
    const said = this.#said;
    if (said?.reason === reason && said.level === level && at - said.at < repeatMs) return;
    this.#said = { reason, level, at };
    this.#log[level]({ schema: this.#service, code }, `waiting for the database: ${reason}`);
  }

  /** Logs the end of the wait; above debug level only if there was a warning. */
  end(): void {
    if (!this.#said) return;
    const level = this.#said.level === 'warn' ? 'info' : 'debug';
    this.#log[level]?.({ schema: this.#service }, 'the database is ready');
  }
}
