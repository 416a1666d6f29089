import type { AnyProcedure } from '../../contract/index.ts';
import { TurnQueue } from '../../resilience/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { showAdmission } from './admission-metrics.ts';
import type { AdmissionState } from './admission-state.ts';
import { Gate, type RoomCheck } from './gate.ts';
import { LoopSampler } from './loop-sampler.ts';
import { OpenPerCaller } from './per-caller.ts';
import { createShedLog, type ShedLog } from './shed-log.ts';

/** What is the same for all calls of a service. */
export interface AdmissionOptions {
  /** How long one turn of the event loop may begin calls. @default 10 ms */
  readonly turnMs?: number;
  /** What handlers have room for, by procedure. @default any number */
  readonly rooms?: Readonly<Record<string, RoomCheck>> | undefined;
  /** Subscriptions, and WebSockets, that one caller may have open. @default 100 */
  readonly streamsPerCaller?: number | undefined;
}

/**
 * Decides which calls of a service are begun, when it is asked for more than
 * it can do: a gate for each procedure, and one queue, as there is one event
 * loop. What does not go through a procedure, as the health checks, knows
 * nothing of it.
 */
export class Admission {
  readonly service: string;
  readonly turns: TurnQueue;
  readonly loop = new LoopSampler();
  readonly shed: ShedLog;
  readonly subscriptions: OpenPerCaller;
  readonly sockets: OpenPerCaller;
  readonly #gates: Gate[] = [];
  readonly #rooms: Readonly<Record<string, RoomCheck>>;
  #hide: (() => void) | undefined;

  /** @param service The name of its contract. */
  constructor(
    service: string,
    log: Logger,
    { rooms = {}, streamsPerCaller, ...turns }: AdmissionOptions = {},
  ) {
    this.service = service;
    this.turns = new TurnQueue({ ...turns, nextTurn: setImmediate });
    this.shed = createShedLog(log);
    this.#rooms = rooms;
    this.subscriptions = new OpenPerCaller(streamsPerCaller);
    this.sockets = new OpenPerCaller(streamsPerCaller);
  }

  /** Makes the gate of one of its procedures. */
  gateOf(path: string, procedure: AnyProcedure): Gate {
    const gate = new Gate(this, path, procedure, this.#rooms[path]);
    if (procedure.kind !== 'subscription') this.#gates.push(gate);
    return gate;
  }

  /** Begins to look at the event loop; until `stop` its state is among the metrics. */
  start(): void {
    this.loop.start();
    this.#hide ??= showAdmission(this);
  }

  stop(): void {
    this.loop.stop();
    this.shed.stop();
    this.#hide?.();
    this.#hide = undefined;
  }

  snapshot(): AdmissionState {
    return {
      procedures: this.#gates.map(({ path, limit, inFlight }) => ({ path, limit, inFlight })),
      queued: this.turns.length,
      eventLoopDelayMs: this.loop.delayMs,
      shedding: this.shed.active,
    };
  }
}
