import { TRPCClientError } from '@trpc/client';
import { ClockCheck, SteadyClock, timeOfService, type ClockSources } from '../clock/index.ts';
import { json, SettingFile } from '../config/index.ts';
import { degradedWhile, probeService, type Probe } from '../health/index.ts';
import {
  createAuthenticate,
  createKeySet,
  followRevocations,
  leewayMs,
  remoteRevocations,
  TokenRotation,
  type FetchedKeySet,
  jwks,
  type Identity,
  type Jwks,
  type PublicJwk,
  type RevocationFollower,
  type RevocationProcedures,
  type RevocationSource,
  type ServiceToken,
  type TokenRules,
} from '../identity/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Tls } from '../tls/index.ts';
import { DenialReporter, type DenialReport } from './access/denial-reporter.ts';
import type { ServiceOptions } from './service.ts';

/** The procedures of auth that a service calls, as a mesh client has them. */
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

export interface MembershipOptions {
  auth: AuthProcedures;
  /** One or several endpoints of auth. */
  authUrl: string | readonly string[];
  /** The token of this service; it is renewed automatically. */
  token: ServiceToken;
  /** Keys that are trusted before auth has answered. */
  publicKeys: readonly PublicJwk[];
  /** The file that they were read from, as a JWK set; its changes are followed. @default none */
  publicKeysFile?: string | undefined;
  /** Directory of local copies of keys and revocations, for the next start. */
  stateDir: string;
  /** Issuer, audiences and types of accepted tokens. @default those of this mesh */
  tokens?: TokenRules;
  /** @default the clock of this machine */
  clock?: Pick<ClockSources, 'wall' | 'monotonic'>;
  /** For endpoints with https (`openTls`). @default as Node verifies them */
  tls?: Tls | undefined;
  log: Logger;
}

/**
 * Connects a service with auth: fetches its keys, follows revocations, renews the service token, reports denials and
 * compares clocks.
 *
 * @example
 * declare const membershipOptions: MembershipOptions;
 * run(async (ending) => {
 *   await using resources = new AsyncDisposableStack();
 *   const membership = await joinMesh(membershipOptions);
 *   resources.defer(() => membership.stop());
 *   return await startService(shopContract, handlers, {
 *     ...options,
 *     ...membership.serving,
 *     ending,
 *     prepare: (signal) => membership.start(signal),
 *     resources: resources.move(),
 *   });
 * });
 */
export async function joinMesh(options: MembershipOptions): Promise<Membership> {
  const { auth, authUrl, publicKeys, stateDir, tls, log } = options;
  const clock = new SteadyClock({ ...options.clock, hasReference: true });
  const keys = await createKeySet({ initial: publicKeys, url: authUrl, stateDir, tls, clock, log });
  const source = withFreshKeys(remoteRevocations(auth.revocations), keys);
  const revocations = await followRevocations({ source, from: 'auth', stateDir, clock, log });
  return new Membership(options, { keys, revocations, clock });
}

/**
 * Fetches the keys when a trusted key is revoked, and when auth refuses the revocation stream: the key of this service's
 * own token may have been withdrawn.
 */
function withFreshKeys(source: RevocationSource, keys: FetchedKeySet): RevocationSource {
  const look = (event: unknown): void => {
    // Not parsed with zod: the follower does that, and the list may be long.
    const items = (event as { items?: unknown } | undefined | null)?.items;
    for (const item of Array.isArray(items) ? items : []) {
      const id = (item as { id?: unknown } | null)?.id;
      if (typeof id === 'string' && keys.trusted.has(id)) void keys.replace(id);
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

/** The connection of a service with auth. Made by {@link joinMesh}. */
export class Membership {
  /** Options of `serve`. */
  readonly serving: Pick<ServiceOptions, 'onDenied' | 'clock'> & { identity: Identity };
  /** Health of auth; at best degraded while the revocation list is stale. */
  readonly authProbe: Probe;
  readonly clock: SteadyClock;
  readonly #keys: FetchedKeySet;
  readonly #keysFile: SettingFile<Jwks>;
  readonly #revocations: RevocationFollower;
  readonly #denials: DenialReporter;
  readonly #clockCheck: ClockCheck;
  readonly #rotation: TokenRotation;

  constructor(
    options: MembershipOptions,
    {
      keys,
      revocations,
      clock,
    }: { keys: FetchedKeySet; revocations: RevocationFollower; clock: SteadyClock },
  ) {
    const { auth, authUrl, token, tokens, tls, log } = options;
    this.#keys = keys;
    this.#keysFile = new SettingFile({
      setting: 'PUBLIC_KEYS',
      file: options.publicKeysFile,
      schema: json(jwks),
      value: { keys: [...options.publicKeys] },
      use: (changed) => keys.trust(changed.keys),
      log,
    });
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
      read: timeOfService(authUrl, tls),
      reference: 'auth',
      consequence: `tokens expire at the wrong time here, and new ones are refused if it is more than ${leewayMs / 1000} s behind`,
      log,
    });
    this.#clockCheck.start();
    this.serving = {
      clock: this.#clockCheck,
      identity: {
        authenticate: createAuthenticate(keys, {
          revocations: revocations.set,
          clock,
          ...(tokens && { rules: tokens }),
        }),
        revocations,
      },
      onDenied: this.#denials.add,
    };
    this.authProbe = degradedWhile(() => revocations.status().state === 'stale', probeService(authUrl, tls));
  }

  /**
   * Starts to renew the token and to report denials. Resolves when the revocation list is loaded, or auth has not
   * answered for 2 s.
   *
   * @throws The reason of the signal.
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#keysFile.start();
    this.#denials.start();
    this.#rotation.start();
    await this.#revocations.loaded(signal);
  }

  /** Sends the remaining reports and stops; to be called after the last call. */
  async stop(): Promise<void> {
    await this.#keysFile.stop();
    await this.#rotation.stop();
    await this.#denials.stop();
    await this.#revocations.stop();
    this.#clockCheck.stop();
    this.#keys.close();
  }
}
