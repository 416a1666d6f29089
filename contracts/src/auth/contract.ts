import { contract } from '@arcadium/mesh/contract';
import { outbox } from '../outbox.ts';
import { keys } from './keys.ts';
import { revocations } from './revocations.ts';
import { serviceTokens } from './service-tokens.ts';
import { audit } from './audit.ts';
import { sessions } from './sessions.ts';
import { tokens } from './tokens.ts';
import { totp } from './totp.ts';
import { users } from './users.ts';

/** Identities: users, sessions, tokens and keys. */
export const authContract = contract('auth', {
  users,
  sessions,
  totp,
  tokens,
  serviceTokens,
  keys,
  revocations,
  audit,
  outbox,
});
