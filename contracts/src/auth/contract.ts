import { contract } from '@arcadium/mesh/contract';
import { sessions } from './sessions.ts';
import { tokens } from './tokens.ts';
import { totp } from './totp.ts';
import { users } from './users.ts';

/** Who there is, and who is calling. */
export const authContract = contract('auth', { users, sessions, totp, tokens });
