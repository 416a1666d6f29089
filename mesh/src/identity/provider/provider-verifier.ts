import { createHash } from 'node:crypto';
import { jwtVerify } from 'jose';
import { describeError, type Logger } from '../../telemetry/index.ts';
import type { TokenVerifier, VerifiedIdentity } from '../authenticate.ts';
import { leewayMs, times, type TokenKind } from '../claims.ts';
import type { TrustedKeys } from '../keys/key-set.ts';
import type { Fault } from '../token-format.ts';
import { faultOfTime, faultOfVerification, refusal } from '../verify.ts';
import {
  callerOfClaims,
  claimedCaller,
  type ClaimedCaller,
  type ProviderClaims,
} from './caller-of-claims.ts';
import type { ProviderKeys } from './provider-keys.ts';
import { readHeader } from './token-header.ts';

export type ProviderRules = Readonly<{
  issuer: string;
  audience: readonly string[];
  algorithms: readonly string[];
  /** `typ` in the header, in lower case, without `application/`. */
  types: readonly string[];
  /** Names of services by client id; others are refused. @default each client by its id */
  services?: Readonly<Record<string, string>> | undefined;
  callerOf?: ((claims: ProviderClaims) => ClaimedCaller | undefined) | undefined;
}>;

type Claimed = Readonly<{ caller: ClaimedCaller; exp: number; tokenId: string; keyId: string }>;

/**
 * Verifies tokens of an identity provider (RFC 9068 §4, RFC 8725): size, form, algorithm and type first, then by jose
 * the signature, issuer and audience, then the times, and last the rule that says whom the claims describe.
 */
export class ProviderVerifier implements TokenVerifier {
  readonly bearer = 'either';
  readonly trusted: TrustedKeys;
  readonly #rules: ProviderRules;
  readonly #keys: ProviderKeys;
  readonly #log: Logger;
  readonly #names = new Set<string>();
  #toldOfNames = false;

  constructor(rules: ProviderRules, { keys, log }: { keys: ProviderKeys; log: Logger }) {
    this.#rules = rules;
    this.#keys = keys;
    this.trusted = keys.trusted;
    this.#log = log;
  }

  async verify(token: string, expected: TokenKind | 'either'): Promise<VerifiedIdentity> {
    const claimed = await this.#read(token);
    if (typeof claimed === 'string') throw refusal(expected === 'either' ? 'access' : expected, claimed);
    const { caller } = claimed;
    if (expected !== 'either' && caller.kind !== expected)
      throw refusal(expected, `it is of a ${caller.kind}`);
    return identityOf(claimed);
  }

  /** @throws Errors that say nothing of the token, such as SERVICE_UNAVAILABLE. */
  async #read(token: string): Promise<Claimed | Fault> {
    const header = readHeader(token);
    if (typeof header === 'string') return header;
    const { algorithms, issuer, audience, types } = this.#rules;
    const { alg, kid, typ } = header;
    if (!algorithms.includes(alg)) return 'its algorithm is not allowed';
    if (!types.includes(typeOf(typ))) return 'its typ is wrong';
    const key = await this.#keys.find(alg, kid);
    if (!key) return 'its key is unknown';
    let claims: ProviderClaims;
    try {
      const options = { algorithms: [alg], issuer, audience: [...audience], clockTolerance: leewayMs / 1000 };
      claims = (await jwtVerify(token, await key.as(alg), { ...options, requiredClaims: ['exp'] })).payload;
    } catch (error) {
      return faultOfVerification(error);
    }
    const time = times.safeParse(claims);
    if (!time.success) return `its ${String(time.error.issues[0]?.path[0])} is wrong`;
    const fault = faultOfTime(time.data);
    if (fault) return fault;
    const caller = this.#callerOf(claims);
    if (typeof caller === 'string') return caller;
    return { caller, exp: time.data.exp, tokenId: tokenIdOf(claims, token), keyId: key.id };
  }

  #callerOf(claims: ProviderClaims): ClaimedCaller | Fault {
    const { callerOf = callerOfClaims, services } = this.#rules;
    let caller: ClaimedCaller | undefined;
    try {
      caller = callerOf(claims);
    } catch (error) {
      this.#log.warn({ reason: describeError(error) }, 'callerOf has thrown: the token is refused');
      return 'its claims are invalid';
    }
    if (!caller) return 'its claims name no caller';
    const { data } = claimedCaller.safeParse(caller);
    if (!data) return 'its claims are invalid';
    if (data.kind === 'user') return data;
    const name = services
      ? Object.hasOwn(services, data.name)
        ? services[data.name]
        : undefined
      : data.name;
    if (name === undefined || !namePattern.test(name) || !this.#isKnown(name))
      return 'it is of an unknown service';
    return { ...data, id: data.id ?? data.name, name };
  }

  #isKnown(name: string): boolean {
    if (this.#names.has(name)) return true;
    if (this.#names.size === mostServices) {
      const message = `tokens of more than ${mostServices} services have come: others are refused; list the services`;
      if (!this.#toldOfNames) this.#log.warn({ service: name }, message);
      this.#toldOfNames = true;
      return false;
    }
    this.#names.add(name);
    return true;
  }
}

/** Most names of services: each is a label of metrics, and some providers let anyone register clients. */
const mostServices = 1000;

/** A name in access rules; `user`, `admin`, `anyone` and `service` mean something else there, and in metrics. */
const namePattern = /^(?!(?:user|admin|anyone|service)$)[A-Za-z0-9][\w.:@/-]*$/;

function identityOf({ caller, exp, tokenId, keyId }: Claimed): VerifiedIdentity {
  const { scopes, tenant } = caller;
  const kept = { scopes, tenant, tokenId, keyId, expiresAt: exp * 1000 };
  if (caller.kind === 'service') {
    const { name, id = name } = caller;
    return { kind: 'service', identity: { id, name, ...kept }, kid: keyId };
  }
  const { id, name = id, role = 'user', sessionId } = caller;
  return { kind: 'user', identity: { id, name, role, sessionId, ...kept }, kid: keyId };
}

/** RFC 7515 §4.1.9: case-insensitive, and `application/` may be left out. */
export function typeOf(typ: string | undefined): string {
  return (typ ?? '').toLowerCase().replace(/^application\/(?=[^/]+$)/, '');
}

/** `jti`, or a digest of the token: each token has an id to be revoked by. */
function tokenIdOf({ jti }: ProviderClaims, token: string): string {
  if (typeof jti === 'string' && jti !== '' && jti.length <= 256) return jti;
  return createHash('sha256').update(token).digest('base64url');
}
