import { setTimeout } from 'node:timers/promises';
import type { ClockStatus } from '../clock/index.ts';
import {
  contractHash,
  nobody,
  takeSnapshot,
  type AnyContract,
  type DescribedContract,
} from '../contract/index.ts';
import {
  createHealth,
  createReadiness,
  probeService,
  type Health,
  type Probe,
  type Readiness,
} from '../health/index.ts';
import {
  openIdentity,
  type Authenticate,
  type IdentitySource,
  type RevocationFollower,
} from '../identity/index.ts';
import { defaultDeadlineMs } from '../resilience/index.ts';
import { createLogger, type Logger } from '../telemetry/index.ts';
import type { Tls } from '../tls/index.ts';
import { AccessControl } from './access/access-control.ts';
import { ClientCertificates } from './access/client-certificates.ts';
import type { AccessMode, Denial } from './access/denial.ts';
import { Admission } from './limits/admission.ts';
import type { RoomCheck } from './limits/gate.ts';
import { Background } from './call/background.ts';
import type { ClassifyError } from './call/failure.ts';
import type { DatabaseReport, SigningKeyReport } from './report.ts';
import { StoppingError } from './call/failure-log.ts';
import type { CompiledProcedure } from './call/procedure.ts';
import type { Handlers } from './call/handler.ts';
import type { ServerInterceptor } from './call/interceptor.ts';
import { createPeerOf, type PeerOf } from './call/peer.ts';
import { compileParts, fromContract, partFinder, type CompiledPart, type ServicePart } from './part.ts';
import { RateLimits, type RateLimitOptions } from './limits/rate-limits.ts';
import { Sessions } from './socket/sessions.ts';
import { Tap, type TapMode } from './tap/tap.ts';

export interface ServiceOptions {
  version: string;
  /** @default one that writes to standard output */
  log?: Logger;
  /**
   * Who says who a caller is: an identity provider, a function, or the identity of a membership in this mesh's own auth
   * service. @default `authenticate`
   */
  identity?: IdentitySource | undefined;
  /**
   * The check of credentials, if it is made already (`createAuthenticate`). @default none: every caller is anonymous, and
   * credentials are left to the handlers
   */
  authenticate?: Authenticate | undefined;
  /** How access rules are applied. @default 'enforce' */
  accessMode?: AccessMode;
  /** Called for each denial, also in audit mode; must neither block nor throw. @default none */
  onDenied?: (denial: Denial) => void;
  /** Rejects if the service's own database does not answer. @default it has none, and is healthy without */
  pingDatabase?: () => Promise<void>;
  /** Whether its own database accepts writes; without them the service is degraded. @default it does */
  takesWrites?: () => boolean;
  /** The figures of its own database, for `/api/mesh`. @default none */
  reportDatabase?: () => DatabaseReport;
  /** The keys that it signs tokens with, for `/api/mesh`. @default none */
  reportSigningKeys?: () => readonly SigningKeyReport[];
  /** The revocations that `authenticate` checks; with `identity`, they are part of that. Ends subscriptions of revoked tokens; `/api/mesh` shows the status. @default none */
  revocations?: Pick<RevocationFollower, 'set' | 'status'> | undefined;
  /** The services that this one calls, by name: endpoints, or a probe. `/health` shows their health. @default none */
  dependencies?: Readonly<Record<string, string | readonly string[] | Probe>>;
  /** The comparison of this machine's clock; `/health` shows it. @default not compared */
  clock?: { status(): ClockStatus };
  /** Maps errors of the service's libraries to a MeshError. */
  classify?: ClassifyError;
  /** Deadline of a request without a service token, including its calls to other services, in milliseconds, if the contract has none. @default 10000 */
  userDeadlineMs?: number;
  /**
   * How long calls are accepted after `stop`, while `/readyz` answers 503, in milliseconds: the time that load balancers
   * need to notice. @default 0
   */
  drainDelayMs?: number;
  /** How long calls in progress and their background work may continue after that, in milliseconds. @default 30000 */
  drainTimeoutMs?: number;
  /** Proxies whose `x-forwarded-for` is trusted: IP addresses, and networks such as `10.0.0.0/8`. @default none */
  trustedProxies?: readonly string[];
  /** Clients that may read `/metrics`: IP addresses, and networks such as `10.0.0.0/8`. @default anyone */
  metricsFrom?: readonly string[] | undefined;
  /** Port of `/metrics`, which is then not at the service's own; 0 for any free port. @default the service's own */
  metricsPort?: number | undefined;
  /** Who may read `/metrics`: anyone, or services and administrators by their token. @default 'open' */
  metricsAccess?: 'open' | 'token';
  /** Who may read `/api/contract` and `/openapi.json`: anyone; services and administrators; administrators. @default 'token' */
  contractAccess?: 'open' | 'token' | 'admin';
  /** What `/api/tap` shows to services and administrators: nothing, calls, or calls with redacted payloads. @default 'calls' */
  tap?: TapMode;
  /** Origins whose pages may open WebSockets, besides the service's own, for example `https://www.example.com`. @default none */
  webSocketOrigins?: readonly string[] | undefined;
  /** Origins whose pages may call over HTTP (CORS), besides the service's own, for example `https://www.example.com`. @default none */
  corsOrigins?: readonly string[] | undefined;
  /** Serves HTTPS, if it has a certificate, and is used for probes of dependencies (`openTls`). @default HTTP */
  tls?: Tls | undefined;
  /** Run around each handler, the first one outermost; see `ServerInterceptor`. @default none */
  interceptors?: readonly ServerInterceptor[];
  /** @default no limits */
  rateLimit?: RateLimitOptions;
  /** Most subscriptions, and most WebSockets, of one user, or of one address without credentials; ten times as many for a service. 0 for no limit. @default 100 */
  streamsPerCaller?: number;
  /** Room checks of handlers that can run few calls at a time, by procedure. @default none */
  rooms?: Readonly<Record<string, RoomCheck>>;
}

type CompleteOptions = ServiceOptions & Readonly<{ log: Logger; authenticate: Authenticate }>;

/** A service without its transports. */
export interface Service {
  readonly name: string;
  /** With the check of credentials that `identity` has become. */
  readonly options: CompleteOptions;
  readonly procedures: readonly CompiledProcedure[];
  readonly parts: readonly CompiledPart[];
  /** Its contract as data; made when it is first read, which takes some milliseconds. */
  readonly described: () => DescribedContract;
  /** The hash of that; `undefined` if it has a schema that cannot be described. */
  readonly contractHash: () => string | undefined;
  /** The part of a procedure's path, also of an unknown one. */
  readonly partOf: (path: string) => CompiledPart;
  readonly readiness: Readiness;
  readonly health: Health;
  readonly admission: Admission;
  readonly access: AccessControl;
  /** The checks of client certificates, if there are any. */
  readonly certificates: ClientCertificates | undefined;
  readonly limits: RateLimits;
  readonly peerOf: PeerOf;
  readonly sessions: Sessions;
  readonly tap: Tap;
  /** Fires when no more calls are accepted; its reason is the MeshError that subscribers get. */
  readonly closing: AbortSignal;
  /**
   * Not ready at once; accepts calls for the drain delay, then finishes the calls in progress.
   *
   * @param drain Closes the transports once their calls are answered, within `timeoutMs` milliseconds.
   */
  stop(drain: (timeoutMs: number) => Promise<void>): Promise<void>;
}

/**
 * Makes a service of a contract and its handlers.
 *
 * @throws TypeError if a procedure has no handler, `rooms` has an unknown procedure, or the rate-limit store `postgres`
 * has no pool, or `identity` could verify no token; Error for an invalid address in `trustedProxies`.
 *
 * @example
 * const service = createService(shopContract, handlers, { version: '1.0.0', log });
 */
export function createService<From extends AnyContract>(
  contract: From,
  handlers: Handlers<From>,
  given: ServiceOptions,
): Service {
  return assemble([fromContract(contract, handlers)], given);
}

/**
 * Makes a service of its parts, once they are loaded. It has the name of the first.
 *
 * @throws TypeError as `createService`, and for a path that two parts have.
 */
export function assemble(parts: readonly ServicePart[], given: ServiceOptions): Service {
  const name = parts[0]?.name ?? '';
  const { options, certificates, closeIdentity } = completed(name, given);
  const { log, authenticate, classify, userDeadlineMs, drainDelayMs = 0 } = options;
  const { drainTimeoutMs = defaultDeadlineMs.service } = options;
  const readiness = createReadiness();
  const closing = new AbortController();
  const { rooms, streamsPerCaller } = options;
  const admission = new Admission(name, log, { rooms, streamsPerCaller });
  const limits = new RateLimits(name, log, options.rateLimit);
  const peerOf = createPeerOf(options.trustedProxies);
  const background = new Background(log);
  const tap = new Tap(options.tap);
  const { accessMode, onDenied } = options;
  const access = new AccessControl({ log, mode: accessMode, onDenied });
  if (accessMode === 'audit')
    log.warn({}, 'ACCESS_MODE is audit: most calls that an access rule denies are let through and recorded');
  const compiled = compileParts(parts, {
    log,
    admission,
    access,
    limits,
    background,
    userDeadlineMs,
    classify,
    interceptors: options.interceptors,
    tap,
    revocations: options.revocations?.set,
  });
  const procedures = compiled.flatMap((one) => one.procedures);
  const partOf = partFinder(compiled);
  let made: DescribedContract | undefined;
  const described = (): DescribedContract => {
    if (made) return made;
    const snapshot = takeSnapshot({ name, version: options.version, procedures });
    return (made = { snapshot, hash: contractHash(snapshot) });
  };
  const contractHashOf = (): string | undefined => {
    try {
      return described().hash;
    } catch {
      // A schema that cannot be described: `/api/contract` says which.
      return undefined;
    }
  };
  // Takes some milliseconds: better now than in the first call.
  setImmediate(contractHashOf).unref();
  for (const path of Object.keys(rooms ?? {}))
    if (!procedures.some((procedure) => procedure.path === path))
      throw new TypeError(`${name}: rooms names ${path}, which is not a procedure`);
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
    formatOf: (path) => partOf(path).part.format,
  });
  const health = createHealth({
    service: name,
    version: options.version,
    readiness,
    pingDatabase: options.pingDatabase ?? (async () => {}),
    clock: options.clock,
    takesWrites: options.takesWrites,
    dependencies: Object.fromEntries(
      Object.entries(options.dependencies ?? {}).map(([called, dependency]) => [
        called,
        typeof dependency === 'function' ? dependency : probeService(dependency, options.tls),
      ]),
    ),
  });
  admission.start(health);

  let stopping: Promise<void> | undefined;
  const end = async (drain: (timeoutMs: number) => Promise<void>): Promise<void> => {
    const wasReady = readiness.stage === 'ready';
    const delayMs = wasReady ? drainDelayMs : 0;
    readiness.drain();
    if (delayMs > 0) {
      log.info({ drain_delay_ms: delayMs }, `${name} is stopping: not ready, but still accepting calls`);
      await setTimeout(delayMs);
    }
    const endsAt = performance.now() + drainTimeoutMs;
    if (wasReady) log.info({}, `${name} is stopping: finishing the calls in progress`);
    closing.abort(new StoppingError());
    await Promise.all([drain(drainTimeoutMs), sessions.drain(drainTimeoutMs)]);
    await background.drain(Math.max(0, endsAt - performance.now()));
    admission.stop();
    tap.stop();
    closeIdentity();
    certificates?.stop();
    await limits.close();
  };
  return {
    name,
    options,
    procedures,
    parts: compiled,
    described,
    contractHash: contractHashOf,
    partOf,
    readiness,
    health,
    admission,
    access,
    certificates,
    limits,
    peerOf,
    sessions,
    tap,
    closing: closing.signal,
    stop: (drain) => (stopping ??= end(drain)),
  };
}

/** Fills in the defaults, and opens the identity. @throws TypeError */
function completed(
  name: string,
  { identity, log = createLogger({ service: name }), ...given }: ServiceOptions,
): { options: CompleteOptions; certificates: ClientCertificates | undefined; closeIdentity: () => void } {
  const { tls } = given;
  const asksFor = tls?.serves && tls.clientAuth !== 'none';
  const certificates = asksFor ? new ClientCertificates(tls, log) : undefined;
  const bound = (authenticate: Authenticate) => certificates?.bind(authenticate) ?? authenticate;
  if (identity === undefined)
    return {
      options: { ...given, log, authenticate: bound(given.authenticate ?? (() => nobody)) },
      certificates,
      closeIdentity() {},
    };
  if (given.authenticate || given.revocations)
    throw new TypeError(`${name}: identity excludes authenticate and revocations`);
  const { authenticate, revocations, close } = openIdentity(identity, { log });
  const options = { ...given, log, authenticate: bound(authenticate), revocations };
  return { options, certificates, closeIdentity: close };
}
