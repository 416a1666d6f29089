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
export { createKeySet, jwks, type FetchedKeySet, type Jwks, type KeySet } from './key-set.ts';
export {
  followRevocations,
  openRevocations,
  type FollowOptions,
  type RevocationFeed,
} from './revocation-feed.ts';
export { RevocationSet, type Revocation } from './revocation-set.ts';
export {
  ownRevocations,
  remoteRevocations,
  type RevocationEvent,
  type RevocationProcedures,
  type RevocationSource,
  type RevocationWatch,
} from './revocation-source.ts';
export { type RevocationState, type RevocationStatus } from './revocation-status.ts';
export { revocableIds, type RevocationCheck } from './revoked.ts';
export { TokenRotation, type ExchangeToken, type TokenRotationOptions } from './rotation.ts';
export { openServiceToken, type ServiceToken } from './service-token.ts';
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
} from './signing-key.ts';
export { type TokenFacts } from './token-facts.ts';
export { verifyToken, type VerifyOptions } from './verify.ts';
