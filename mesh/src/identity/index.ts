export { createAuthenticate, type Authenticate, type Credentials } from './authenticate.ts';
export { userTokenLifetime, type ServiceClaims, type UserClaims } from './claims.ts';
export { issueServiceToken, issueUserToken, type IssuedToken } from './issue.ts';
export { createKeySet, jwks, type Jwks, type KeySet } from './key-set.ts';
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
export { verifyToken, type TokenKind } from './verify.ts';
