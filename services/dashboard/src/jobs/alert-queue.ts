import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs, type Backoff } from '@arcadium/mesh/config';
import type { Startable } from '@arcadium/mesh/server';
import { describeError, type Logger } from '@arcadium/mesh/telemetry';
import type { AlertMessage } from '../alerts/message.ts';

/** Most alerts that wait; beyond, the oldest is dropped. */
const maxWaiting = 100;

/** Attempts before an alert is given up: for about ten minutes. */
const maxAttempts = 10;

/** A way to tell people. Its errors must not contain secrets: they are logged. */
export interface AlertChannel {
  readonly name: string;
  /** Rejects if the alert may not have arrived. */
  send(message: AlertMessage, signal: AbortSignal): Promise<void>;
}

export interface AlertQueueOptions {
  channel: AlertChannel;
  log: Logger;
  /** Waits between attempts. @default from 1 s to 2 min */
  backoff?: Backoff;
}

/** Sends alerts over a channel in the background, one after the other, with retries. */
export class AlertQueue implements Startable {
  readonly #channel: AlertChannel;
  readonly #log: Logger;
  readonly #backoff: Backoff;
  readonly #waiting: AlertMessage[] = [];
  readonly #stopping = new AbortController();
  #sending: Promise<void> | undefined;

  constructor({ channel, log, backoff = { baseMs: 1000, maxMs: 120_000, jitter: 0.2 } }: AlertQueueOptions) {
    this.#channel = channel;
    this.#log = log.child({ channel: channel.name });
    this.#backoff = backoff;
  }

  start(): void {}

  /** Waits for the alert being sent, up to its time limit; drops the others. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sending;
    if (this.#waiting.length > 0)
      this.#log.warn({ alerts: this.#waiting.length }, 'alerts were not sent before the end of the process');
  }

  /** Never blocks, and never throws. */
  add(message: AlertMessage): void {
    if (this.#waiting.length >= maxWaiting) {
      const dropped = this.#waiting.shift();
      this.#log.error({ alert: dropped?.key }, `more than ${maxWaiting} alerts wait; the oldest is dropped`);
    }
    this.#waiting.push(message);
    this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    for (let message = this.#waiting[0]; message; message = this.#waiting[0]) {
      if (!(await this.#send(message))) return;
      // It may have been dropped meanwhile.
      if (this.#waiting[0] === message) this.#waiting.shift();
    }
    this.#sending = undefined;
  }

  /** @returns Whether the alert is done: sent, or given up; not when stopped. */
  async #send(message: AlertMessage): Promise<boolean> {
    const { signal } = this.#stopping;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await this.#channel.send(message, signal);
        this.#log.info({ alert: message.key }, 'alert sent');
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        const fields = { alert: message.key, attempt, error: describeError(error) };
        if (attempt === maxAttempts) {
          this.#log.error(fields, 'alert given up');
          return true;
        }
        this.#log.warn(fields, 'alert not sent, trying again');
        await delay(backoffMs(attempt, this.#backoff), undefined, { signal }).catch(() => {});
      }
    }
    return false;
  }
}
