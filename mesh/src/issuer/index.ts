export {
  issueServiceToken,
  issueUserToken,
  serviceTokenLifetime,
  stampServiceToken,
  userTokenLifetime,
  type IssuedToken,
  type TokenStamp,
} from './issue.ts';
export {
  generateSigningKey,
  importSigningKey,
  privateJwk,
  type PrivateJwk,
  type SigningKey,
} from './signing-key.ts';
