export {
  createAuthenticate,
  userTokenOf,
  type Authenticate,
  type AuthenticateOptions,
  type Credentials,
} from './authenticate.ts';
export {
  defaultTokenRules,
  leewayMs,
  serviceTokenLifetime,
  userTokenLifetime,
  type ServiceClaims,
  type TokenKind,
  type TokenRules,
  type UserClaims,
} from './claims.ts';
export {
  issueServiceToken,
  issueUserToken,
  stampServiceToken,
  type IssuedToken,
  type TokenStamp,
} from './issue.ts';
export { createKeySet, jwks, type FetchedKeySet, type Jwks, type KeySet } from './keys/key-set.ts';
export {
  followRevocations,
  openRevocations,
  type FollowOptions,
  type RevocationFollower,
} from './revocations/follower.ts';
export { revocableIds, type RevocationCheck } from './revocations/revoked.ts';
export { RevocationSet, type Revocation } from './revocations/set.ts';
export {
  ownRevocations,
  remoteRevocations,
  type RevocationEvent,
  type RevocationProcedures,
  type RevocationSource,
  type RevocationWatch,
} from './revocations/source.ts';
export { type RevocationState, type RevocationStatus } from './revocations/status.ts';
export { TokenRotation, type ExchangeToken, type TokenRotationOptions } from './service-token/rotation.ts';
export { remainingTokenLife } from './service-token/metrics.ts';
export { openServiceToken, type ServiceToken } from './service-token/service-token.ts';
export {
  generateSigningKey,
  importKey,
  importSigningKey,
  privateJwk,
  publicJwk,
  publicPart,
  type PrivateJwk,
  type PublicJwk,
  type SigningKey,
} from './keys/signing-key.ts';
export { type TokenFacts } from './service-token/token-facts.ts';
export { verifyToken, type VerifyOptions } from './verify.ts';
