import { defaultTimeoutMs, type AnyProcedure, type Caller, type Priority } from '../../contract/index.ts';
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
import type { RefusalReason, ShedLog } from './shed-log.ts';

const shed = counter({
  name: 'mesh_server_shed_total',
  help: 'Calls refused for lack of capacity, by procedure, priority and reason',
  labels: ['procedure', 'priority', 'reason'],
});

/**
 * For so long, in milliseconds, calls wait as long as they must: what comes at once and is worked off, as at a start,
 * is no overload. A queue that is never empty for longer is one (CoDel, RFC 8289, tells the two apart like this).
 */
const burstMs = 1000;

/** So many calls of a service wait at most: those that quick handlers work off within a second or two. */
const longestQueue = 16_384;

/** What a priority is worth. */
interface Rights {
  /** The share of the limit, and of the longest queue, that its calls may use. */
  readonly share: number;
  /** The longest wait after which a call is still begun in an overload, in milliseconds. */
  readonly patienceMs: number;
  /** Whether it goes before the others that wait. */
  readonly urgent: boolean;
}

const rightsOf: Readonly<Record<Priority, Rights>> = {
  sheddable: { share: 0.75, patienceMs: 50, urgent: false },
  normal: { share: 1, patienceMs: 100, urgent: false },
  critical: { share: 2, patienceMs: 1000, urgent: true },
};

/** What all gates of a service share. */
export interface Surroundings {
  /** The name of its contract. */
  readonly service: string;
  readonly turns: TurnQueue;
  readonly shed: ShedLog;
  readonly subscriptions: OpenPerCaller;
}

/**
 * Says whether there is room for one more call of a procedure: `undefined`, or what it is to be refused with, which
 * says as well when to come back. It is asked for each call before that is read, so it must cost nothing, and it takes
 * nothing: the handler does.
 */
export type RoomCheck = () => MeshError | undefined;

/** What is known of a call before anything is done for it. */
export type Arrival = Pick<RawCall, 'timeoutMs' | 'signal' | 'connection'>;

/** Lets the calls of one procedure in, or refuses them. */
export class Gate {
  readonly path: string;
  readonly #around: Surroundings;
  readonly #priority: Priority;
  readonly #rights: Rights;
  readonly #limit: ConcurrencyLimit;
  readonly #room: RoomCheck | undefined;
  readonly #shed: (reason: string) => { inc(): void };

  /** @param room What its handler has room for. @default any number */
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
   * Asks for a call's turn, before anything is done for it; it holds nothing, however long it then takes to arrive.
   *
   * @param now When it was asked for.
   * @returns `undefined` if it is its turn at once; else a promise that resolves when it is, or rejects:
   * with SERVICE_UNAVAILABLE when that took too long, with TIMEOUT or CLIENT_CLOSED_REQUEST when its caller waits no longer.
   * @throws MeshError SERVICE_UNAVAILABLE when there is too much to do; what its handler says when that has no room.
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
   * Asks for a call that has arrived: its caller and its input are known. Once
   * it is let in, one `finish` or `leave` is to follow.
   *
   * @throws MeshError SERVICE_UNAVAILABLE when too many are under way.
   */
  enter(now: number): Ticket {
    const ticket = this.#limit.tryEnter(this.#rights.share, now);
    if (!ticket) throw this.refuse('limit');
    return ticket;
  }

  /**
   * Counts a subscription among those of its caller, until it is disposed of.
   *
   * @throws MeshError TOO_MANY_REQUESTS when its caller has as many as one may.
   */
  subscribe(caller: Caller, peer: Peer | undefined): Disposable {
    const { subscriptions } = this.#around;
    const key = limitKeyOf(caller, peer);
    if (subscriptions.isFull(key))
      throw this.refuse('subscriptions', tooManyOpenError('subscriptions', subscriptions.mostOf(key)));
    return subscriptions.open(key);
  }

  /** A call is over that was not handed to its handler. */
  leave(): void {
    this.#limit.leave();
  }

  /** The handler of a call is done, whether or not its caller still waited for it. */
  finish(call: Ticket, end: CallEnd): void {
    this.#limit.finish(call, performance.now(), end);
  }

  /** Counts a call that is not begun, and tells of it. @returns Its error. */
  refuse(reason: RefusalReason, error: MeshError = busyError()): MeshError {
    const { service } = this.#around;
    const priority = this.#priority;
    this.#shed(reason).inc();
    this.#around.shed.add(this.path, reason);
    tell({ side: 'server', decision: 'shed', service, procedure: this.path, priority, reason });
    return error;
  }

  /** Tells of a call that came too late, and makes its error. Capacity has nothing to do with it: its caller says when that is. */
  tooLate(): Error {
    const { service } = this.#around;
    tell({ side: 'server', decision: 'deadline-passed', service, procedure: this.path });
    return lateError();
  }

  /** Apart from `takeTurn`, so that a call that does not wait pays nothing for these functions. */
  #wait(arrival: Arrival, arrivedAt: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        // What comes over a connection of its own stands by itself.
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
