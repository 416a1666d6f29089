export { createAuthenticate, type Authenticate, type Credentials } from './authenticate.ts';
export { type ServiceClaims, type UserClaims } from './claims.ts';
export { issueServiceToken, issueUserToken, type IssuedToken } from './issue.ts';
export { createKeySet, jwks, type Jwks, type KeySet } from './key-set.ts';
export {
  startTokenRotation,
  type ExchangeToken,
  type TokenRotation,
  type TokenRotationOptions,
} from './rotation.ts';
export { openServiceToken, type ServiceToken } from './service-token.ts';
export {
  generateSigningKey,
  importSigningKey,
  privateJwk,
  publicJwk,
  publicPart,
  type PrivateJwk,
  type PublicJwk,
  type SigningKey,
} from './signing-key.ts';
export { type TokenFacts } from './token-facts.ts';
export { verifyToken, type TokenKind } from './verify.ts';
