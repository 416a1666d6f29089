import { setTimeout } from 'node:timers/promises';
import type { ClockStatus } from '../clock/index.ts';
import type { AnyContract } from '../contract/index.ts';
import {
  createHealth,
  createReadiness,
  probeService,
  type Health,
  type Probe,
  type Readiness,
} from '../health/index.ts';
import type { Authenticate, RevocationFollower } from '../identity/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { AccessControl } from './access/access-control.ts';
import type { AccessMode, Denial } from './access/denial.ts';
import { Admission } from './limits/admission.ts';
import type { RoomCheck } from './limits/gate.ts';
import { Background } from './call/background.ts';
import { createCallObserver } from './call/call-observer.ts';
import { compile } from './call/compile.ts';
import type { ClassifyError } from './call/failure.ts';
import { StoppingError } from './call/failure-log.ts';
import type { CompiledProcedure } from './call/procedure.ts';
import type { Handlers } from './call/handler.ts';
import type { ServerInterceptor } from './call/interceptor.ts';
import { createPeerOf, type PeerOf } from './call/peer.ts';
import { RateLimits, type RateLimitOptions } from './limits/rate-limits.ts';
import { Sessions } from './socket/sessions.ts';

/** How one service is run, wherever its calls come from. */
export interface ServiceOptions {
  version: string;
  log: Logger;
  /** Who a request's credentials prove its caller to be. */
  authenticate: Authenticate;
  /** How access rules are applied. @default 'enforce' */
  accessMode?: AccessMode;
  /** Is told of each access that is denied, or would be but for the mode; it must neither wait nor throw. @default nobody is told */
  onDenied?: (denial: Denial) => void;
  /** Throws when the service's own database does not answer. */
  pingDatabase: () => Promise<void>;
  /** Whether its own database takes writes: it is degraded while not. @default it does */
  takesWrites?: () => boolean;
  /**
   * What is revoked: the same as `authenticate` asks. Ends subscriptions whose token was revoked, and shows in
   * `/api/mesh`. @default nothing is
   */
  revocations?: Pick<RevocationFollower, 'set' | 'status'>;
  /** Where the services are that this one calls, by name, each with one endpoint or several, or a probe of its own; their health shows in this one's. @default none */
  dependencies?: Readonly<Record<string, string | readonly string[] | Probe>>;
  /** How the clock of this machine stands to that of others; a wrong one shows in its health. @default it is not compared */
  clock?: { status(): ClockStatus };
  /** Says what the errors of a service's own libraries mean to a caller. */
  classify?: ClassifyError;
  /** Longest time for a person's request, the calls that it leads to included, where the contract names none, in milliseconds. @default 10000 */
  userDeadlineMs?: number;
  /**
   * How long it still takes calls after `stop`, while `/readyz` already answers 503, in milliseconds: as long as what
   * sends it calls needs to see that. @default 0
   */
  drainDelayMs?: number;
  /** How long calls that run may go on after that, and the work that they left behind, in milliseconds. @default 30000 */
  drainTimeoutMs?: number;
  /** Whose `x-forwarded-for` is believed: IP addresses, and networks as `10.0.0.0/8`. @default nobody's */
  trustedProxies?: readonly string[];
  /** Who may read `/metrics`: IP addresses, and networks as `10.0.0.0/8`. @default anyone */
  metricsFrom?: readonly string[] | undefined;
  /** Further origins whose pages may open WebSockets, as `https://www.example.com`. @default those of the service's own origin alone */
  webSocketOrigins?: readonly string[] | undefined;
  /** What runs around the handler of each call, the first one outermost: see docs/interceptors.md. @default nothing */
  interceptors?: readonly ServerInterceptor[];
  /** How many calls it takes from an address. @default any number */
  rateLimit?: RateLimitOptions;
  /** How many subscriptions, and how many WebSockets, one user may have open, or one address without credentials; a service ten times as many; 0 for any number. @default 100 */
  streamsPerCaller?: number;
  /** For handlers that can take few calls at once of what many may offer: whether they have room, by procedure. @default any number */
  rooms?: Readonly<Record<string, RoomCheck>>;
}

/** A service, without the ways that calls come in by. */
export interface Service {
  readonly name: string;
  readonly options: ServiceOptions;
  readonly procedures: readonly CompiledProcedure[];
  readonly readiness: Readiness;
  readonly health: Health;
  readonly admission: Admission;
  readonly access: AccessControl;
  readonly limits: RateLimits;
  readonly peerOf: PeerOf;
  /** Its WebSockets. */
  readonly sessions: Sessions;
  /** Fires, with the MeshError that subscribers get, when it takes no more calls. */
  readonly closing: AbortSignal;
  /**
   * Not ready at once; takes calls for the drain delay, then finishes what runs.
   *
   * @param drain Ends the ways in, once what came by them is answered; within so many milliseconds.
   */
  stop(drain: (timeoutMs: number) => Promise<void>): Promise<void>;
}

/**
 * Puts a contract and its handlers together.
 *
 * @throws TypeError when a procedure has no handler, there is room for none that exists, or calls are to be counted in PostgreSQL without a pool; Error for
 * a trusted proxy that is no address.
 */
export function createService<From extends AnyContract>(
  contract: From,
  handlers: Handlers<From>,
  options: ServiceOptions,
): Service {
  const { log, authenticate, classify, userDeadlineMs, drainDelayMs = 0, drainTimeoutMs = 30_000 } = options;
  const readiness = createReadiness();
  const closing = new AbortController();
  const { rooms, streamsPerCaller } = options;
  const admission = new Admission(contract.name, log, { rooms, streamsPerCaller });
  const limits = new RateLimits(contract.name, log, options.rateLimit);
  const peerOf = createPeerOf(options.trustedProxies);
  const background = new Background(log);
  const { accessMode, onDenied } = options;
  const access = new AccessControl({ log, mode: accessMode, onDenied });
  if (accessMode === 'audit')
    log.warn({}, 'ACCESS_MODE is audit: most calls that an access rule denies are let through and recorded');
  const procedures = compile<From>(contract, handlers, {
    log,
    admission,
    access,
    limits,
    background,
    userDeadlineMs,
    interceptors: options.interceptors,
    revocations: options.revocations?.set,
    observe: (path) => createCallObserver(path, { log, classify }),
  });
  for (const path of Object.keys(rooms ?? {}))
    if (!procedures.some((procedure) => procedure.path === path))
      throw new TypeError(`${contract.name}: rooms names ${path}, which is not a procedure`);
  const sessions = new Sessions({
    procedures: new Map(procedures.map((procedure) => [procedure.path, procedure])),
    authenticate,
    classify,
    log,
    access,
    revocations: options.revocations?.set,
    mistakes: limits.mistakes,
    perCaller: admission.sockets,
    closing: closing.signal,
  });
  const health = createHealth({
    service: contract.name,
    version: options.version,
    readiness,
    pingDatabase: options.pingDatabase,
    clock: options.clock,
    takesWrites: options.takesWrites,
    dependencies: Object.fromEntries(
      Object.entries(options.dependencies ?? {}).map(([name, dependency]) => [
        name,
        typeof dependency === 'function' ? dependency : probeService(dependency),
      ]),
    ),
  });
  admission.start();

  let stopping: Promise<void> | undefined;
  const end = async (drain: (timeoutMs: number) => Promise<void>): Promise<void> => {
    const wasReady = readiness.stage === 'ready';
    const delayMs = wasReady ? drainDelayMs : 0;
    readiness.drain();
    if (delayMs > 0) {
      log.info(
        { drain_delay_ms: delayMs },
        `${contract.name} is stopping: not ready, but still accepting calls`,
      );
      await setTimeout(delayMs);
    }
    const endsAt = performance.now() + drainTimeoutMs;
    if (wasReady) log.info({}, `${contract.name} is stopping: finishing the calls in progress`);
    closing.abort(new StoppingError());
    await Promise.all([drain(drainTimeoutMs), sessions.drain(drainTimeoutMs)]);
    await background.drain(Math.max(0, endsAt - performance.now()));
    admission.stop();
    await limits.close();
  };
  return {
    name: contract.name,
    options,
    procedures,
    readiness,
    health,
    admission,
    access,
    limits,
    peerOf,
    sessions,
    closing: closing.signal,
    stop: (drain) => (stopping ??= end(drain)),
  };
}
