import { randomUUID } from 'node:crypto';
import { TRPCClientError } from '@trpc/client';
import type { Caller } from '../../contract/index.ts';
import { Aggregator, counter, Outage, type Logger } from '../../telemetry/index.ts';
import { within } from '../../resilience/index.ts';
import { networkOf } from '../call/peer.ts';
import type { AccessMode, Denial } from './denial.ts';

/** Most kinds of denial distinguished at a time, and most unsent reports. */
const bound = 1000;

/** Most of these for invalid credentials: forged tokens must not hide other denials. */
const boundOfStrangers = 750;

/** Most reports in one request. */
const batchSize = 100;

/** Interval at which reports are sent, in milliseconds. */
const flushIntervalMs = 1000;

/** Most denials in one report, by auth's contract; more become several reports. */
const mostCounted = 100_000;

const dropped = counter({
  name: 'mesh_server_denial_reports_dropped_total',
  help: 'Denials that were not reported, by reason: full (the queue was full), refused (auth refused them), stopped (the service stopped first)',
  labels: ['reason'],
});

/** Denials with the same caller, procedure, reason and address (IPv6: network). */
export interface DenialReport {
  /** A UUID, by which the receiver recognises a report sent twice. */
  readonly id: string;
  /** Time of the first denial, ISO 8601. */
  readonly since: string;
  readonly count: number;
  /** The denied caller; the service, if it acts for a user. */
  readonly caller: { readonly kind: 'user' | 'service' | 'anyone'; readonly id: string | null };
  /** The user a service acted for. */
  readonly userId: string | null;
  readonly procedure: string;
  readonly reason: 'bad-credentials' | 'not-admitted';
  readonly message: string;
  readonly mode: AccessMode;
  /** Of the first denial. */
  readonly address: string | null;
  /** Of the first denial. */
  readonly requestId: string | null;
}

export interface DenialReporterOptions {
  /**
   * Sends reports. If it rejects, they are sent again; with BAD_REQUEST, they are dropped.
   *
   * @param signal Fires when the result is no longer needed.
   */
  send: (batch: readonly DenialReport[], signal: AbortSignal) => Promise<unknown>;
  log: Logger;
}

/**
 * Reports denials in the background: the first of a kind within about a second, then once a minute how many more there
 * were. Keeps up to 1000 unsent reports, at most 750 of them for invalid credentials; more are dropped and counted in
 * `mesh_server_denial_reports_dropped_total`. Calls without credentials are not reported.
 *
 * @example
 * const reporter = new DenialReporter({ send: async (batch) => console.log(batch), log });
 * await serve(shopContract, handlers, { ...options, onDenied: (denial) => reporter.add(denial) });
 */
export class DenialReporter {
  readonly #options: DenialReporterOptions;
  readonly #kinds = new Aggregator<Denial>({
    // Less than the interval of sending, so that the first report is sent within about a second.
    firstAfterMs: flushIntervalMs / 2,
    report: (denial, count, since) => {
      for (let left = count; left > 0; left -= mostCounted)
        this.#enqueue(reportOf(denial, Math.min(left, mostCounted), since));
    },
  });
  readonly #waiting: DenialReport[] = [];
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  readonly #outage: Outage;

  constructor(options: DenialReporterOptions) {
    this.#options = options;
    this.#outage = new Outage(options.log);
  }

  /** Starts to send, also what was added before. */
  start(): void {
    this.#timer = setInterval(() => this.#flush(), flushIntervalMs).unref();
  }

  /** Adds a denial; neither blocks nor throws. Bound, for `onDenied: reporter.add`. */
  readonly add = (denial: Denial): void => {
    if (denial.reason === 'no-credentials') return;
    if (!this.#kinds.add(keyOf(denial), denial, boundOf(denial))) dropped.labels({ reason: 'full' }).inc();
  };

  /** Sends the remaining reports, for up to 2 s. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await within(() => this.#finish(), { ms: 2000, onLate: () => {} });
    this.#ending.abort();
    const left = sumOf(this.#waiting);
    if (left === 0) return;
    dropped.labels({ reason: 'stopped' }).inc(left);
    this.#options.log.warn({ denials: left }, 'denials could not be reported before the service stopped');
  }

  async #finish(): Promise<void> {
    this.#kinds.flush();
    await this.#sending;
    // Tries once more what a send in progress could not send.
    await this.#send();
  }

  #flush(): void {
    if (this.#sending || this.#waiting.length === 0) return;
    this.#sending = this.#send().finally(() => (this.#sending = undefined));
  }

  #enqueue(report: DenialReport): void {
    if (this.#waiting.length < boundOf(report)) this.#waiting.push(report);
    else dropped.labels({ reason: 'full' }).inc(report.count);
  }

  async #send(): Promise<void> {
    const { send, log } = this.#options;
    while (this.#waiting.length > 0 && !this.#ending.signal.aborted) {
      const batch = this.#waiting.slice(0, batchSize);
      try {
        await send(batch, this.#ending.signal);
        this.#outage.end({}, 'denials can be reported again');
      } catch (error) {
        const refused = isRefusal(error);
        const say = refused ? log.warn.bind(log) : this.#outage.begin.bind(this.#outage);
        say({ err: error, refused }, 'denials could not be reported');
        // Sent again at the next interval.
        if (!refused) return;
        dropped.labels({ reason: 'refused' }).inc(sumOf(batch));
      }
      this.#waiting.splice(0, batch.length);
    }
  }
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof TRPCClientError &&
    (error.data as { code?: unknown } | null | undefined)?.code === 'BAD_REQUEST'
  );
}

function sumOf(reports: readonly DenialReport[]): number {
  return reports.reduce((sum, { count }) => sum + count, 0);
}

function boundOf({ reason }: Pick<Denial, 'reason'>): number {
  return reason === 'not-admitted' ? bound : boundOfStrangers;
}

/** By the network of an address: a host can choose among many IPv6 addresses. */
function keyOf({ caller, procedure, reason, message, mode, peer }: Denial): string {
  const network = peer.address === undefined ? undefined : networkOf(peer.address);
  return JSON.stringify([whoOf(caller), caller.user?.id, procedure, reason, message, mode, network]);
}

function whoOf({ service, user }: Caller): DenialReport['caller'] {
  if (service) return { kind: 'service', id: service.name };
  return user ? { kind: 'user', id: user.id } : { kind: 'anyone', id: null };
}

function reportOf(denial: Denial, count: number, since: Date): DenialReport {
  const { caller, procedure, reason, message, mode, peer, requestId } = denial;
  return {
    id: randomUUID(),
    since: since.toISOString(),
    count,
    caller: whoOf(caller),
    userId: caller.service ? (caller.user?.id ?? null) : null,
    procedure,
    reason: reason === 'bad-credentials' ? reason : 'not-admitted',
    message,
    mode,
    address: peer.address ?? null,
    requestId: requestId ?? null,
  };
}
