import { request } from 'undici';
import { z } from 'zod';
import { within } from '../resilience/index.ts';
import { gauge, type Logger } from '../telemetry/index.ts';
import type { Tls } from '../tls/index.ts';
import type { SteadyClock } from './steady-clock.ts';

/**
 * Largest difference of two machines' clocks that counts as right, in milliseconds; also how long a token is accepted
 * after it has expired. New tokens allow a larger difference (`leewayMs` in `identity/`).
 *
 * @example
 * const wrong = Math.abs(Date.parse('2026-01-31T12:00:00Z') - Date.now()) > clockToleranceMs;
 */
export const clockToleranceMs = 5000;

/** Difference below which a wrong clock counts as right again, in milliseconds: smaller, so that the state does not alternate. */
const rightAgainMs = 4000;

/** Interval of readings, in milliseconds. */
const readEveryMs = 10_000;

/**
 * Longest wait for an answer, and interval of readings before the first successful one, in milliseconds. Half of it is
 * the largest error of a reading.
 */
const patienceMs = 1000;

/** This machine's clock compared with the reference. */
export interface ClockStatus {
  /** How far it is ahead, in milliseconds; negative if it is behind; `undefined` before the first answer. */
  readonly aheadMs: number | undefined;
  /** Whether the difference is larger than {@link clockToleranceMs}. */
  readonly wrong: boolean;
  /** Response time of the last answer, in milliseconds. */
  readonly responseTimeMs: number;
}

/** Reads another machine's clock, in milliseconds since 1970. */
export type ReadTime = (signal: AbortSignal) => Promise<number>;

export interface ClockCheckOptions {
  clock: SteadyClock;
  /** Readings of the reference, one per endpoint; the one nearest to this machine's clock counts. */
  read: readonly ReadTime[];
  /** Name of the reference in the log and the metric, for example `auth`. */
  reference: string;
  /** Consequence of a wrong clock, for the log, for example `tokens expire at the wrong time here`. */
  consequence: string;
  log: Logger;
}

const running = new Set<ClockCheck>();

gauge(
  {
    name: 'mesh_clock_offset_seconds',
    help: 'How far the clock of this machine is ahead of its reference (auth, or the database), in seconds; negative if it is behind',
    labels: ['reference'],
  },
  (set) => {
    for (const check of running) {
      const { aheadMs } = check.status();
      if (aheadMs !== undefined) set({ reference: check.reference }, aheadMs / 1000);
    }
  },
);

/**
 * Compares this machine's clock with a reference every ten seconds and after each jump, and logs when it is wrong.
 *
 * @example
 * const check = new ClockCheck({
 *   clock: new SteadyClock({ hasReference: true }),
 *   reference: 'the time server',
 *   read: [async (signal) => Date.parse(await (await fetch('https://time.example/now', { signal })).text())],
 *   consequence: 'tokens expire at the wrong time here',
 *   log,
 * });
 */
export class ClockCheck {
  readonly reference: string;
  readonly #options: ClockCheckOptions;
  #endJumps: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  #responseTimeMs = 0;
  #wrong = false;

  constructor(options: ClockCheckOptions) {
    this.#options = options;
    this.reference = options.reference;
  }

  start(): void {
    const { clock, log } = this.#options;
    running.add(this);
    this.#endJumps = clock.onJump((byMs) => {
      log.warn(
        { by_seconds: seconds(byMs) },
        `this machine's clock was set ${byMs < 0 ? 'back' : 'forward'} by ${amount(byMs)}`,
      );
      void this.compare();
    });
    void this.compare();
  }

  stop(): void {
    running.delete(this);
    this.#endJumps?.();
    this.#endJumps = undefined;
    clearTimeout(this.#timer);
  }

  status(): ClockStatus {
    const { aheadMs } = this.#options.clock;
    return { aheadMs, wrong: this.#isWrong(aheadMs), responseTimeMs: this.#responseTimeMs };
  }

  /** Reads the reference now; never rejects. */
  compare(): Promise<void> {
    clearTimeout(this.#timer);
    return (this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
      this.#say();
      if (!running.has(this)) return;
      const known = this.#options.clock.aheadMs !== undefined;
      this.#timer = setTimeout(() => void this.compare(), known ? readEveryMs : patienceMs).unref();
    }));
  }

  async #read(): Promise<void> {
    const { clock, read } = this.#options;
    const readings = await Promise.all(read.map((one) => this.#readOne(one)));
    const off = ({ time, at }: Reading): number => Math.abs(clock.now() - clock.monotonic() - (time - at));
    const [nearest] = readings.filter((one) => one !== undefined).toSorted((a, b) => off(a) - off(b));
    if (!nearest) return;
    this.#responseTimeMs = Math.round(nearest.tookMs);
    clock.compare(nearest.time, nearest.at);
  }

  async #readOne(read: ReadTime): Promise<Reading | undefined> {
    const { clock, log } = this.#options;
    const begin = clock.monotonic();
    try {
      const time = await within(read, { ms: patienceMs });
      const tookMs = clock.monotonic() - begin;
      // It was read between `begin` and now.
      if (tookMs <= patienceMs) return { time, at: begin + tookMs / 2, tookMs };
    } catch (error) {
      log.debug(
        { reason: String(error), reference: this.reference },
        'the reference clock could not be read',
      );
    }
    return undefined;
  }

  #isWrong(aheadMs = 0): boolean {
    return Math.abs(aheadMs) > (this.#wrong ? rightAgainMs : clockToleranceMs);
  }

  /** Logs once that the clock is wrong, and once that it is right again. */
  #say(): void {
    const { aheadMs, wrong } = this.status();
    if (aheadMs === undefined || wrong === this.#wrong) return;
    this.#wrong = wrong;
    const { log, reference, consequence } = this.#options;
    const fields = { reference, offset_seconds: seconds(aheadMs) };
    if (wrong)
      log.error(
        fields,
        `this machine's clock is ${amount(aheadMs)} ${aheadMs < 0 ? 'behind' : 'ahead of'} ${reference}'s: ${consequence}. Set the clock that is wrong`,
      );
    else log.info(fields, `this machine's clock agrees with ${reference}'s again`);
  }
}

type Reading = Readonly<{ time: number; at: number; tookMs: number }>;

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}

/** For example `3,600 s`. */
function amount(ms: number): string {
  return `${Math.abs(seconds(ms)).toLocaleString('en')} s`;
}

const readiness = z.object({ timestamp: z.iso.datetime().transform(Date.parse) });

/** Half of the resolution of a `date` header, in milliseconds. */
const headerHalfMs = 500;

/**
 * Makes readings of another service's clock, one per endpoint: the `timestamp` of its `/readyz`, or else the `date`
 * header. That needs no credentials, and works while the service is not ready.
 *
 * @param tls For endpoints with https. @default as Node verifies them
 *
 * @example
 * const readings = timeOfService('http://auth:8000');
 */
export function timeOfService(url: string | readonly string[], tls?: Tls): readonly ReadTime[] {
  return [url].flat().map((endpoint) => async (signal) => {
    const answer = await request(new URL('/readyz', endpoint).href, {
      signal,
      ...(tls && { dispatcher: tls.dispatcher }),
    });
    const body: unknown = await answer.body.json().catch(() => undefined);
    const read = readiness.safeParse(body);
    if (read.success) return read.data.timestamp;
    const time = Date.parse(String(answer.headers['date']));
    if (Number.isNaN(time)) throw new Error(`${endpoint} sent no timestamp`);
    return time + headerHalfMs;
  });
}
