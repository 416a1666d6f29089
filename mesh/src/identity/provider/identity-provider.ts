import type { SteadyClock } from '../../clock/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { RevocationFollower } from '../revocations/follower.ts';
import type { ClaimedCaller, ProviderClaims } from './caller-of-claims.ts';
import { ProviderKeys } from './provider-keys.ts';
import { ProviderVerifier, typeOf } from './provider-verifier.ts';
import { parseProviderKeys, providerAlgorithms, type ProviderAlgorithm } from './public-keys.ts';

/**
 * An identity provider whose access tokens a service accepts: any issuer of JWTs (RFC 9068), such as Keycloak, Auth0,
 * Entra ID, or one's own.
 *
 * @example
 * await serve(shopContract, handlers, {
 *   ...options,
 *   identity: { issuer: 'https://login.example.com', audience: 'https://mesh.example.com' },
 * });
 */
export interface IdentityProvider {
  /** `iss` of its tokens, exactly. Its keys are found by OpenID Connect Discovery or RFC 8414 under this URL. */
  issuer: string;
  /** What `aud` of a token must contain, one of these: the name of this service, or of the mesh, at the provider. */
  audience: string | readonly string[];
  /** URL of the provider's JWK set. @default `jwks_uri` of its metadata */
  jwksUrl?: string | undefined;
  /** The provider's public keys as a JWK set (RFC 7517 §5), instead of a URL: nothing is fetched. @default they are fetched */
  publicKeys?: Readonly<{ keys: readonly object[] }> | undefined;
  /**
   * Directory of a local copy of the fetched keys, for a start while the provider does not answer. Another process must
   * not be able to write there. @default no copy is kept
   */
  stateDir?: string | undefined;
  /** Signature algorithms that are accepted. @default all of `ProviderAlgorithm`; a key only verifies its own */
  algorithms?: readonly ProviderAlgorithm[];
  /**
   * Types of tokens that are accepted, by `typ` in their header. Many providers say `JWT`; then only the audience tells
   * an access token from an ID token. `''` is a token without `typ`. @default ['at+jwt'], the type of access tokens (RFC 9068 §2.1)
   */
  types?: readonly string[];
  /**
   * The services, as `{ [client id]: name }`. Tokens of other clients without a user are refused. @default each client
   * is the service of its client id
   */
  services?: Readonly<Record<string, string>> | undefined;
  /**
   * Whom the claims of a verified token describe; `undefined` refuses it. It must be fast: it runs once for a token,
   * before its first call. @default `callerOfClaims`
   */
  callerOf?: (claims: ProviderClaims) => ClaimedCaller | undefined;
  /** Revoked tokens, by `jti` (or the base64url SHA-256 of a token without one), `sid` or key. @default none is revoked */
  revocations?: Pick<RevocationFollower, 'set' | 'status'> | undefined;
}

/** Checks the options and starts to fetch the keys. @throws TypeError */
export function openProvider(
  provider: IdentityProvider,
  { log, clock }: { log: Logger; clock: SteadyClock },
): { verifier: ProviderVerifier; keys: ProviderKeys } {
  const { issuer, jwksUrl, publicKeys, stateDir, services, callerOf } = provider;
  const audience = [provider.audience].flat();
  const { algorithms = providerAlgorithms, types = ['at+jwt'] } = provider;
  const must = (ok: boolean, message: string): void => {
    if (!ok) throw new TypeError(`identity: ${message}`);
  };
  must(typeof issuer === 'string' && issuer !== '', 'issuer is missing: it is `iss` of the tokens');
  // Without an audience, a token for any other service of the issuer would be accepted here.
  must(
    audience.length > 0 && audience.every((one) => typeof one === 'string' && one !== ''),
    'audience is missing',
  );
  for (const alg of algorithms)
    must(
      providerAlgorithms.includes(alg),
      `the algorithm ${alg} is not allowed: use ${providerAlgorithms.join(', ')}`,
    );
  must(algorithms.length > 0, 'algorithms is empty');
  must(types.length > 0, 'types is empty');
  if (publicKeys !== undefined) parseProviderKeys(publicKeys);
  else {
    const url = URL.parse(jwksUrl ?? issuer);
    must(
      url !== null && /^https?:$/.test(url.protocol),
      `${jwksUrl === undefined ? 'issuer' : 'jwksUrl'} must be a URL, or publicKeys must be given`,
    );
    if (url?.protocol === 'http:' && !isLoopback(url.hostname))
      log.warn(
        { url: url.href },
        'the keys of the identity provider are fetched without TLS: anyone on the network path can forge tokens',
      );
  }
  const keys = new ProviderKeys({ issuer, jwksUrl, publicKeys, stateDir }, { clock, log });
  const rules = { issuer, audience, algorithms, types: types.map(typeOf), services, callerOf };
  return { verifier: new ProviderVerifier(rules, { keys, log }), keys };
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$|\.localhost$/.test(host);
}
