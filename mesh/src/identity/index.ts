export { userTokenOf, type Authenticate, type Credentials } from './authenticate.ts';
export { type IdentifiedCaller, type IdentifyCaller, type IdentifyOptions } from './by-function.ts';
export { openIdentity, type Identity, type IdentitySource } from './identity.ts';
export { callerOfClaims, type ClaimedCaller, type ProviderClaims } from './provider/caller-of-claims.ts';
export { type IdentityProvider } from './provider/identity-provider.ts';
export { type ProviderAlgorithm } from './provider/public-keys.ts';
export {
  defaultTokenRules,
  leewayMs,
  type ServiceClaims,
  type TokenKind,
  type TokenRules,
  type UserClaims,
} from './claims.ts';
export { createKeySet, jwks, type FetchedKeySet, type Jwks, type KeySet } from './keys/key-set.ts';
export { createAuthenticate, type AuthenticateOptions } from './own-tokens.ts';
export {
  followRevocations,
  openRevocations,
  type FollowOptions,
  type RevocationFollower,
} from './revocations/follower.ts';
export { revocableIds, RevocationSet, type Revocation, type RevocationCheck } from './revocations/set.ts';
export {
  ownRevocations,
  remoteRevocations,
  type RevocationEvent,
  type RevocationProcedures,
  type RevocationSource,
  type RevocationWatch,
} from './revocations/source.ts';
export { type RevocationState, type RevocationStatus } from './revocations/status.ts';
export { ClientCredentials, type ClientCredentialsOptions } from './service-token/client-credentials.ts';
export { TokenRotation, type ExchangeToken, type TokenRotationOptions } from './service-token/rotation.ts';
export { remainingTokenLife } from './service-token/metrics.ts';
export { openServiceToken, type ServiceToken } from './service-token/service-token.ts';
export { importKey, publicJwk, publicPart, type PublicJwk } from './keys/public-key.ts';
export { readTokenFacts, tokenStage, type TokenFacts, type TokenStage } from './service-token/token-facts.ts';
export { verifyToken, type VerifyOptions } from './verify.ts';
