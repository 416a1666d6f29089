import type { AnyProcedure } from '../../contract/index.ts';
import type { DatabaseOutage, Health } from '../../health/index.ts';
import { TurnQueue } from '../../resilience/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { showAdmission, type AdmissionState } from './admission-metrics.ts';
import { Gate, type RoomCheck } from './gate.ts';
import { LoopSampler } from './loop-sampler.ts';
import { OpenPerCaller } from './per-caller.ts';
import { RefusalLog, shedWords, type ShedReason } from './refusal-log.ts';

export interface AdmissionOptions {
  /** How long calls are started within one turn of the event loop, in milliseconds. @default 10 */
  readonly turnMs?: number;
  /** Room checks of handlers, by procedure. @default no limit */
  readonly rooms?: Readonly<Record<string, RoomCheck>> | undefined;
  /** Subscriptions, and also WebSockets, that one caller may have open. @default 100 */
  readonly streamsPerCaller?: number | undefined;
}

/**
 * Admits calls to a service, or refuses them when it is overloaded: a gate for each procedure, and one queue for the
 * event loop. Health checks and other routes are not limited.
 */
export class Admission {
  readonly service: string;
  readonly turns: TurnQueue;
  readonly loop = new LoopSampler();
  readonly shed: RefusalLog<ShedReason>;
  readonly subscriptions: OpenPerCaller;
  readonly sockets: OpenPerCaller;
  database: DatabaseOutage = { until: -Infinity, look() {} };
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
    this.shed = new RefusalLog(log, shedWords);
    this.#rooms = rooms;
    this.subscriptions = new OpenPerCaller(streamsPerCaller);
    this.sockets = new OpenPerCaller(streamsPerCaller);
  }

  gateOf(path: string, procedure: AnyProcedure): Gate {
    const gate = new Gate(this, path, procedure, this.#rooms[path]);
    if (procedure.kind !== 'subscription') this.#gates.push(gate);
    return gate;
  }

  /** Starts to measure the event loop, and to show the state in the metrics. */
  start({ outage }: Pick<Health, 'outage'>): void {
    this.database = outage;
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
