import type { Authenticate, Credentials } from '@arcadium/mesh/identity';
import type { Caller, ServiceIdentity } from '@arcadium/mesh/contract';
import type { Logger } from '@arcadium/mesh/telemetry';
import { z } from 'zod';
import type { ServiceTokenStore, SightedToken } from './stores/service-token-store.ts';

/** Number of tokens remembered as seen. */
const remembered = 10_000;

/** The parts of a verified token that are read here. */
const header = z.object({ kid: z.string().min(1).max(128) });
const claims = z.object({ iat: z.int().min(0), jti: z.string().regex(/^[\x20-\x7e]{1,128}$/) });

type Sighting = { readonly token: SightedToken; state: 'seen' | 'recorded' | Promise<void> };

/**
 * Watches the tokens that services authenticate with, and records those unknown to the database: set-up
 * creates them without this service. Each token is recorded once per process, in the background of its call.
 */
export class Sightings {
  readonly #store: Pick<ServiceTokenStore, 'record'>;
  readonly #log: Logger;
  /** By token id, oldest first. */
  readonly #seen = new Map<string, Sighting>();

  constructor(store: Pick<ServiceTokenStore, 'record'>, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** The same authentication, which also records the token. */
  noticing(authenticate: Authenticate): Authenticate {
    const notice = (caller: Caller, credentials: Credentials): Caller => {
      const { service } = caller;
      if (service) this.#notice(service, credentials);
      return caller;
    };
    return (credentials) => {
      const caller = authenticate(credentials);
      // Synchronous if possible, because this runs on every call.
      if (caller instanceof Promise) return caller.then((known) => notice(known, credentials));
      return notice(caller, credentials);
    };
  }

  /**
   * Waits until a token seen here is recorded; returns at once for others.
   *
   * @throws The error of the database.
   */
  async settled(tokenId: string): Promise<void> {
    const sighting = this.#seen.get(tokenId);
    if (sighting && sighting.state !== 'recorded') await this.#record(sighting);
  }

  #notice(service: ServiceIdentity, { authorization = '' }: Credentials): void {
    const known = this.#seen.get(service.tokenId);
    if (known && known.state !== 'seen') return;
    const sighting = known ?? this.#remember(service, authorization);
    if (sighting) void this.#record(sighting).catch((error: unknown) => this.#sayFailed(sighting, error));
  }

  #remember(service: ServiceIdentity, authorization: string): Sighting | undefined {
    const token = readToken(service, authorization.slice(authorization.indexOf(' ') + 1).trim());
    if (!token) return undefined;
    for (const longestAgo of this.#seen.keys()) {
      if (this.#seen.size < remembered) break;
      this.#seen.delete(longestAgo);
    }
    const sighting: Sighting = { token, state: 'seen' };
    this.#seen.set(token.tokenId, sighting);
    return sighting;
  }

  #record(sighting: Sighting): Promise<void> {
    if (sighting.state instanceof Promise) return sighting.state;
    const recording = this.#write(sighting.token).then(
      () => {
        sighting.state = 'recorded';
      },
      (error: unknown) => {
        // The next call with it tries again.
        sighting.state = 'seen';
        throw error;
      },
    );
    sighting.state = recording;
    return recording;
  }

  async #write(token: SightedToken): Promise<void> {
    const { id } = await this.#store.record(token);
    if (id === token.service.id) return;
    this.#log.warn(
      { token_id: token.tokenId, of: token.service.name, service_id: token.service.id, recorded_id: id },
      'a service token has a different service id than recorded; the next token has the recorded id',
    );
  }

  #sayFailed({ token }: Sighting, error: unknown): void {
    this.#log.warn({ err: error, token_id: token.tokenId }, 'a service token could not be recorded yet');
  }
}

/** The content of a verified token; `undefined` if a record cannot hold it. */
function readToken(service: ServiceIdentity, text: string): SightedToken | undefined {
  const [head = '', body = ''] = text.split('.');
  const parts = z.tuple([header, claims]).safeParse([readPart(head), readPart(body)]);
  if (!parts.success) return undefined;
  const [{ kid }, { iat, jti }] = parts.data;
  return {
    tokenId: jti,
    kid,
    service: { id: service.id, name: service.name },
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(service.expiresAt),
  };
}

function readPart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}
