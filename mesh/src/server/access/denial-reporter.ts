import { randomUUID } from 'node:crypto';
import { TRPCClientError } from '@trpc/client';
import type { Caller } from '../../contract/index.ts';
import { counter, Outage, type Logger } from '../../telemetry/index.ts';
import { networkOf } from '../call/peer.ts';
import type { AccessMode, Denial } from './denial.ts';

/** So many kinds of denial are told apart at once, and so many reports wait to be sent. */
const bound = 1000;

/** Of these so many may be of callers that nobody knows: whoever forges tokens must not keep from the record what others try. */
const boundOfStrangers = 750;

/** The most that is sent at once. */
const batchSize = 100;

/** How often what was denied is sent, in milliseconds. */
const flushIntervalMs = 1000;

/** Denials of the same kind are counted for so long before they are reported again, in milliseconds. */
const countingMs = 60_000;

/** The most denials that one report stands for, as auth's contract has it; of more, several reports are made. */
const mostCounted = 100_000;

/** How long a stop waits for what is still to be sent, in milliseconds. */
const stopMs = 2000;

const dropped = counter({
  name: 'mesh_server_denial_reports_dropped_total',
  help: 'Denials that were not reported, by reason: full (the queue was full), refused (auth refused them), stopped (the service stopped first)',
  labels: ['reason'],
});

/** One or several denials of the same caller, procedure, reason and address, or network of IPv6 addresses, as they are reported. */
export interface DenialReport {
  /** A UUID: whoever gets a report twice knows it by this. */
  readonly id: string;
  /** When the first of them was, ISO 8601. */
  readonly since: string;
  /** How many. */
  readonly count: number;
  /** Who was denied; a service that acts for a user is the service. */
  readonly caller: { readonly kind: 'user' | 'service' | 'anyone'; readonly id: string | null };
  /** The user for whom a service acted. */
  readonly userId: string | null;
  readonly procedure: string;
  readonly reason: 'bad-credentials' | 'not-admitted';
  readonly message: string;
  readonly mode: AccessMode;
  /** Of the first of them. */
  readonly address: string | null;
  /** Of the first of them. */
  readonly requestId: string | null;
}

/** What a reporter works with. */
export interface DenialReporterOptions {
  /**
   * Takes reports to where they are kept. If it rejects they are sent again, unless it is with a BAD_REQUEST of who was
   * called: then they never will be taken.
   *
   * @param signal Fires when nobody waits any more.
   */
  send: (batch: readonly DenialReport[], signal: AbortSignal) => Promise<unknown>;
  log: Logger;
}

/** Denials of one kind within the last minute. */
interface Kind {
  readonly denial: Denial;
  /** Since when they are counted, on the clock of `performance.now()`, in milliseconds. */
  openedAt: number;
  since: Date;
  /** How many were not yet reported. */
  count: number;
  reported: boolean;
}

/**
 * Takes denials and reports them in the background: the first of a kind within
 * about a second, and how many more there were once a minute, so that nobody
 * can fill the record by being denied again and again. Reports that cannot be
 * sent wait, as many as 1000, of bad credentials no more than 750; what is beyond is dropped, and counted in
 * `mesh_server_denial_reports_dropped_total`. Whoever shows no credentials at
 * all has tried to be nobody, and is not reported.
 */
export class DenialReporter {
  readonly #options: DenialReporterOptions;
  readonly #kinds = new Map<string, Kind>();
  readonly #waiting: DenialReport[] = [];
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  readonly #outage: Outage;

  constructor(options: DenialReporterOptions) {
    this.#options = options;
    this.#outage = new Outage(options.log);
  }

  /** Begins to send; what was added before is kept. */
  start(): void {
    this.#timer = setInterval(() => this.#flush(), flushIntervalMs).unref();
  }

  /** Takes a denial; neither waits nor throws. To be handed on as it stands: `onDenied: reporter.add`. */
  readonly add = (denial: Denial): void => {
    if (denial.reason === 'no-credentials') return;
    const key = keyOf(denial);
    const known = this.#kinds.get(key);
    if (known) {
      if (known.count === 0) known.since = new Date();
      known.count++;
    } else if (this.#kinds.size < boundOf(denial)) {
      const openedAt = performance.now();
      this.#kinds.set(key, { denial, openedAt, since: new Date(), count: 1, reported: false });
    } else {
      dropped.labels({ reason: 'full' }).inc();
    }
  };

  /** Sends what is left, for up to 2 s. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const { signal } = this.#ending;
    const ended = new Promise((resolve) => signal.addEventListener('abort', resolve));
    const timer = setTimeout(() => this.#ending.abort(), stopMs);
    await Promise.race([this.#finish(), ended]);
    clearTimeout(timer);
    this.#ending.abort();
    const left = sumOf(this.#waiting);
    if (left === 0) return;
    dropped.labels({ reason: 'stopped' }).inc(left);
    this.#options.log.warn({ denials: left }, 'denials could not be reported before the service stopped');
  }

  async #finish(): Promise<void> {
    this.#collect(true);
    await this.#sending;
    // Once more for all of it: what the one before has failed with may be over.
    await this.#send();
  }

  #flush(): void {
    this.#collect(false);
    if (this.#sending || this.#waiting.length === 0) return;
    this.#sending = this.#send().finally(() => (this.#sending = undefined));
  }

  /** Makes reports of what was counted: of each kind the first at once, and then one a minute; or all at the end. */
  #collect(all: boolean): void {
    const now = performance.now();
    for (const [key, kind] of this.#kinds) {
      const due = now - kind.openedAt >= countingMs;
      if (kind.count > 0 && (due || all || !kind.reported)) {
        for (let left = kind.count; left > 0; left -= mostCounted)
          this.#enqueue(reportOf(kind, Math.min(left, mostCounted)));
        kind.count = 0;
        kind.reported = true;
        if (due) kind.openedAt = now;
      } else if (due) {
        this.#kinds.delete(key);
      }
    }
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
        // They are tried again at the next turn.
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

/** How many denials some reports stand for. */
function sumOf(reports: readonly DenialReport[]): number {
  return reports.reduce((sum, { count }) => sum + count, 0);
}

function boundOf({ reason }: Pick<Denial, 'reason'>): number {
  return reason === 'not-admitted' ? bound : boundOfStrangers;
}

/** By the network of an address: one host has as many IPv6 addresses as it likes. */
function keyOf({ caller, procedure, reason, message, mode, peer }: Denial): string {
  const network = peer.address === undefined ? undefined : networkOf(peer.address);
  return JSON.stringify([whoOf(caller), caller.user?.id, procedure, reason, message, mode, network]);
}

function whoOf({ service, user }: Caller): DenialReport['caller'] {
  if (service) return { kind: 'service', id: service.name };
  return user ? { kind: 'user', id: user.id } : { kind: 'anyone', id: null };
}

function reportOf({ denial, since }: Kind, count: number): DenialReport {
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
