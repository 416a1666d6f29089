import { defaultTimeoutMs, type AnyProcedure, type Caller, type Priority } from '../../contract/index.ts';
import type { DatabaseOutage } from '../../health/index.ts';
import {
  ConcurrencyLimit,
  type CallEnd,
  type Ticket,
  type TurnQueue,
  type Waiting,
} from '../../resilience/index.ts';
import { counter, remember, tell } from '../../telemetry/index.ts';
import type { MeshError } from '../../wire/index.ts';
import { goneError } from '../call/deadline.ts';
import type { Peer } from '../call/peer.ts';
import type { RawCall } from '../call/raw-call.ts';
import { busyError, lateError, tooManyOpenError } from '../call/refusal.ts';
import { limitKeyOf, type OpenPerCaller } from './per-caller.ts';
import type { RefusalLog, ShedReason } from './refusal-log.ts';

const shed = counter({
  name: 'mesh_server_shed_total',
  help: 'Calls refused for lack of capacity, by procedure, priority and reason',
  labels: ['procedure', 'priority', 'reason'],
});

/**
 * Grace period before shedding, in milliseconds: a burst that is worked off is not an overload, a queue that stays
 * non-empty for longer is (CoDel, RFC 8289).
 */
const burstMs = 1000;

/** Most waiting calls of a service: fast handlers work them off within a second or two. */
const longestQueue = 16_384;

interface Rights {
  /** The share of the limit, and of the longest queue, that its calls may use. */
  readonly share: number;
  /** Longest wait of a call in an overload, in milliseconds. */
  readonly patienceMs: number;
  /** Whether its calls overtake other waiting calls. */
  readonly urgent: boolean;
}

const rightsOf: Readonly<Record<Priority, Rights>> = {
  sheddable: { share: 0.75, patienceMs: 50, urgent: false },
  normal: { share: 1, patienceMs: 100, urgent: false },
  critical: { share: 2, patienceMs: 1000, urgent: true },
};

export interface Surroundings {
  /** The name of its contract. */
  readonly service: string;
  readonly turns: TurnQueue;
  readonly shed: RefusalLog<ShedReason>;
  readonly subscriptions: OpenPerCaller;
  /** When the database of the service did not answer. */
  readonly database: DatabaseOutage;
}

/**
 * Checks whether a handler has room for one more call. Runs for each call before its input is read, so it must be
 * cheap; it reserves nothing.
 *
 * @returns `undefined`, or the error that refuses the call, with its `retryAfterMs`.
 */
export type RoomCheck = () => MeshError | undefined;

/** What is known of a call before its input is read. */
export type Arrival = Pick<RawCall, 'timeoutMs' | 'signal' | 'connection'>;

/** Admits the calls of one procedure, or refuses them. */
export class Gate {
  readonly path: string;
  readonly #around: Surroundings;
  readonly #priority: Priority;
  readonly #rights: Rights;
  readonly #limit: ConcurrencyLimit;
  readonly #room: RoomCheck | undefined;
  readonly #shed: (reason: string) => { inc(): void };

  constructor(
    around: Surroundings,
    path: string,
    { priority, timeoutMs = defaultTimeoutMs }: AnyProcedure,
    room?: RoomCheck,
  ) {
    this.path = path;
    this.#around = around;
    this.#priority = priority;
    this.#room = room;
    this.#rights = rightsOf[priority];
    this.#limit = new ConcurrencyLimit({ timeoutMs });
    this.#shed = remember((reason) => shed.labels({ procedure: path, priority, reason }));
  }

  get limit(): number {
    return this.#limit.limit;
  }

  get inFlight(): number {
    return this.#limit.inFlight;
  }

  /**
   * Waits for the turn of a call, before its input is read. Reserves nothing.
   *
   * @param now Time of its arrival, by `performance.now()`.
   * @returns `undefined` if it may start at once, otherwise a promise of its turn. The promise rejects with
   * SERVICE_UNAVAILABLE if the wait was too long, and with TIMEOUT or CLIENT_CLOSED_REQUEST if the caller has given up.
   * @throws MeshError SERVICE_UNAVAILABLE in an overload; the error of the room check.
   */
  takeTurn(arrival: Arrival, now: number): Promise<void> | undefined {
    const { turns } = this.#around;
    const { share } = this.#rights;
    if (this.#limit.isFull(share)) throw this.refuse('limit');
    const full = this.#room?.();
    if (full) throw this.refuse('room', full);
    if (turns.mayBegin(now)) return undefined;
    if (turns.length >= longestQueue * share) throw this.refuse('queue');
    return this.#wait(arrival, now);
  }

  /**
   * Admits a call whose caller and input are known. One `finish` or `leave` must follow.
   *
   * @throws MeshError SERVICE_UNAVAILABLE if the concurrency limit is reached.
   */
  enter(now: number): Ticket {
    const ticket = this.#limit.tryEnter(this.#rights.share, now);
    if (!ticket) throw this.refuse('limit');
    return ticket;
  }

  /**
   * Counts a subscription of a caller until it is disposed of.
   *
   * @throws MeshError TOO_MANY_REQUESTS if the caller has too many.
   */
  subscribe(caller: Caller, peer: Peer | undefined): Disposable {
    const { subscriptions } = this.#around;
    const key = limitKeyOf(caller, peer);
    if (subscriptions.isFull(key))
      throw this.refuse('subscriptions', tooManyOpenError('subscriptions', subscriptions.mostOf(key)));
    return subscriptions.open(key);
  }

  /** Ends a call that did not reach its handler. */
  leave(): void {
    this.#limit.leave();
  }

  /**
   * Ends a call whose handler has finished, even if its caller no longer waits. If the database was away meanwhile, the
   * call has waited for it and not for other calls: it does not count.
   */
  finish(call: Ticket, end: CallEnd): void {
    const { database } = this.#around;
    if (call.at >= database.until) return this.#limit.finish(call, performance.now(), end);
    this.#limit.leave();
    if (database.until === Infinity) database.look();
  }

  /** Counts and logs a refused call. @returns Its error. */
  refuse(reason: ShedReason, error: MeshError = busyError()): MeshError {
    const { service } = this.#around;
    const priority = this.#priority;
    this.#shed(reason).inc();
    this.#around.shed.add(this.path, reason);
    tell({ side: 'server', decision: 'shed', service, procedure: this.path, priority, reason });
    return error;
  }

  /** Reports a call whose deadline has passed. @returns Its error. */
  tooLate(): Error {
    const { service } = this.#around;
    tell({ side: 'server', decision: 'deadline-passed', service, procedure: this.path });
    return lateError();
  }

  /** Separate, so that a call that does not wait allocates no closures. */
  #wait(arrival: Arrival, arrivedAt: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        source: arrival.connection ?? arrival,
        urgent: this.#rights.urgent,
        onTurn: (now, standingMs) => {
          const reason = this.#reasonToDrop(arrival, { arrivedAt, now, standingMs });
          if (reason) reject(reason);
          else resolve();
          return !reason;
        },
      };
      this.#around.turns.push(waiting);
    });
  }

  #reasonToDrop(
    { signal, timeoutMs = Infinity }: Arrival,
    { arrivedAt, now, standingMs }: { arrivedAt: number; now: number; standingMs: number },
  ): Error | undefined {
    if (signal?.aborted) return goneError();
    const waitedMs = now - arrivedAt;
    if (waitedMs >= timeoutMs) {
      this.#limit.miss(arrivedAt, now);
      return this.tooLate();
    }
    const late = standingMs > burstMs && waitedMs > this.#rights.patienceMs;
    return late ? this.refuse('queue') : undefined;
  }
}
