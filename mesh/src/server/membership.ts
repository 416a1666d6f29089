import { TRPCClientError } from '@trpc/client';
import { ClockCheck, SteadyClock, timeOfService, type ClockSources } from '../clock/index.ts';
import { degradedWhile, probeService, type Probe } from '../health/index.ts';
import {
  createAuthenticate,
  createKeySet,
  followRevocations,
  leewayMs,
  remoteRevocations,
  TokenRotation,
  type FetchedKeySet,
  type KeySet,
  type PublicJwk,
  type RevocationFollower,
  type RevocationProcedures,
  type RevocationSource,
  type ServiceToken,
  type TokenRules,
} from '../identity/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { DenialReporter, type DenialReport } from './access/denial-reporter.ts';
import type { ServiceOptions } from './service.ts';

/** What a service asks of auth; a mesh client of its contract has it. */
export interface AuthProcedures {
  readonly revocations: RevocationProcedures;
  readonly serviceTokens: {
    readonly rotate: {
      mutate(input: Record<never, never>, options: { signal: AbortSignal }): Promise<{ token: string }>;
    };
  };
  readonly audit: {
    readonly report: {
      mutate(input: { entries: DenialReport[] }, options: { signal: AbortSignal }): Promise<unknown>;
    };
  };
}

/** What a service needs to be one of a mesh. */
export interface MembershipOptions {
  /** Auth, as this service may call it. */
  auth: AuthProcedures;
  /** Where auth is: one endpoint, or several. */
  authUrl: string | readonly string[];
  /** What the service proves itself with; renewed as long as it is a member. */
  token: ServiceToken;
  /** The keys that are trusted before auth has answered. */
  publicKeys: readonly PublicJwk[];
  /** Where it keeps what it has learnt for its next start. */
  stateDir: string;
  /** Issuer, audiences and types of the tokens that it accepts. @default those of this mesh */
  tokens?: TokenRules;
  /** Where the time comes from. @default this machine */
  clock?: Pick<ClockSources, 'wall' | 'monotonic'>;
  log: Logger;
}

/**
 * What every service but auth has in common with auth: it knows its keys,
 * follows what is revoked, renews its own token, reports whom it denied, and
 * compares its clock with auth's.
 *
 * @example
 * const membership = await joinMesh({ auth: clients.auth, … });
 * resources.defer(() => membership.stop());
 * return await startService(contract, handlers, {
 *   ...membership.serving, …,
 *   prepare: (signal) => membership.start(signal),
 *   resources: resources.move(),
 * });
 */
export async function joinMesh(options: MembershipOptions): Promise<Membership> {
  const { auth, authUrl, publicKeys, stateDir, log } = options;
  const clock = new SteadyClock({ ...options.clock, hasReference: true });
  const keys = await createKeySet({ initial: publicKeys, url: authUrl, stateDir, clock, log });
  const source = withFreshKeys(remoteRevocations(auth.revocations), keys);
  const revocations = await followRevocations({ source, from: 'auth', stateDir, clock, log });
  return new Membership(options, { keys, revocations, clock });
}

/**
 * Asks for the keys as soon as one that is trusted is told to be withdrawn: from then on another signs. Whoever is not
 * let in to follow what is revoked may have a token whose key was withdrawn, and does not get to know that this way: the
 * keys themselves are told to anybody.
 */
function withFreshKeys(source: RevocationSource, keys: FetchedKeySet): RevocationSource {
  const look = (event: unknown): void => {
    // Whoever takes it in looks at its shape; a list of all that is revoked is not to be read twice.
    const items = (event as { items?: unknown } | undefined | null)?.items;
    for (const item of Array.isArray(items) ? items : []) {
      const id = (item as { id?: unknown } | null)?.id;
      if (typeof id === 'string' && keys.has(id)) void keys.replace(id);
    }
  };
  return {
    async list(after, signal) {
      const event = await source.list(after, signal);
      look(event);
      return event;
    },
    watch: (watching) =>
      source.watch({
        ...watching,
        onEvent(event) {
          look(event);
          watching.onEvent(event);
        },
        onEnd(reason) {
          if (isUnauthorized(reason)) void keys.refresh();
          watching.onEnd(reason);
        },
      }),
  };
}

function isUnauthorized(reason: unknown): boolean {
  return (
    reason instanceof TRPCClientError &&
    (reason.data as { code?: unknown } | null | undefined)?.code === 'UNAUTHORIZED'
  );
}

/** A service's standing with auth. */
export class Membership {
  /** What `serve` is to know of it. */
  readonly serving: Pick<ServiceOptions, 'authenticate' | 'revocations' | 'onDenied' | 'clock'>;
  /** How auth is: degraded at best while nothing is learnt of what it revokes. */
  readonly authProbe: Probe;
  /** What this service may forget goes by it. */
  readonly clock: SteadyClock;
  readonly #keys: KeySet;
  readonly #revocations: RevocationFollower;
  readonly #denials: DenialReporter;
  readonly #clockCheck: ClockCheck;
  readonly #rotation: TokenRotation;

  constructor(
    options: MembershipOptions,
    { keys, revocations, clock }: { keys: KeySet; revocations: RevocationFollower; clock: SteadyClock },
  ) {
    const { auth, authUrl, token, tokens, log } = options;
    this.#keys = keys;
    this.#revocations = revocations;
    this.#denials = new DenialReporter({
      send: (entries, signal) => auth.audit.report.mutate({ entries: [...entries] }, { signal }),
      log,
    });
    this.#rotation = new TokenRotation({
      token,
      exchange: (signal) => auth.serviceTokens.rotate.mutate({}, { signal }),
      clock,
      log,
    });
    this.clock = clock;
    this.#clockCheck = new ClockCheck({
      clock,
      read: timeOfService(authUrl),
      reference: 'auth',
      consequence: `tokens expire at the wrong time here, and new ones are refused if it is more than ${leewayMs / 1000} s behind`,
      log,
    });
    this.#clockCheck.start();
    this.serving = {
      clock: this.#clockCheck,
      authenticate: createAuthenticate(keys, {
        revocations: revocations.set,
        clock,
        ...(tokens && { rules: tokens }),
      }),
      revocations,
      onDenied: this.#denials.add,
    };
    this.authProbe = degradedWhile(() => revocations.status().state === 'stale', probeService(authUrl));
  }

  /**
   * Begins to renew the token and to report; resolves when it is known what is revoked, or auth has been silent for 2 s.
   *
   * @param signal Fires when the process is to end before it is ready.
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#denials.start();
    this.#rotation.start();
    await this.#revocations.loaded(signal);
  }

  /** To be called when no call is answered any more: sends what is still to be reported. */
  async stop(): Promise<void> {
    await this.#rotation.stop();
    await this.#denials.stop();
    await this.#revocations.stop();
    this.#clockCheck.stop();
    this.#keys.close();
  }
}
