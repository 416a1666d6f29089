import {
  admin,
  anyone,
  contract,
  either,
  error,
  mutation,
  query,
  services,
  user,
} from '@arcadium/mesh/contract';
import { z } from 'zod';
import { id, line, time } from './field.ts';
import { listInput, listOf } from './list.ts';

const email = z.email().max(254).toLowerCase();

/** NIST 800-63B-4: at least 15 characters where the password is the only factor; no rules of composition. */
const newPassword = z.string().min(15).max(128);

/** What anybody inside may know of a user. */
const profile = z.object({ id, name: z.string() });
export type Profile = z.output<typeof profile>;

/** What a user may know of himself, and an administrator of everybody. */
const account = profile.extend({
  email: z.string(),
  role: z.enum(['user', 'admin']),
  createdAt: time,
  disabledAt: time.nullable(),
});
export type Account = z.output<typeof account>;

const userNotFound = error('NOT_FOUND', 'There is no such user', z.object({ id }));

/** Who there is, and who is calling. */
export const authContract = contract('auth', {
  users: {
    register: mutation({
      summary: 'Open an account',
      input: z.object({ email, name: line(100), password: newPassword }),
      output: account,
      access: anyone,
      errors: {
        EMAIL_TAKEN: error(
          'CONFLICT',
          'An account with this address exists',
          z.object({ email: z.string() }),
        ),
      },
    }),
    me: query({ summary: 'The account of the user who asks', output: account, access: user }),
    update: mutation({
      summary: 'Change the name on the account of the user who asks',
      input: z.object({ name: line(100) }),
      output: account,
      access: user,
      idempotent: true,
    }),
    get: query({
      summary: 'The public part of one user',
      input: z.object({ id }),
      output: profile,
      access: either(user, services('wiki', 'notification')),
      hedge: true,
      errors: { USER_NOT_FOUND: userNotFound },
    }),
    getMany: query({
      summary: 'The public part of several users; ids that nobody has are left out',
      input: z.object({ ids: z.array(id).min(1).max(100) }),
      output: z.object({ items: z.array(profile).max(100) }),
      access: either(user, services('wiki', 'notification')),
      hedge: true,
    }),
    list: query({
      summary: 'All accounts, newest first',
      input: listInput.prefault({}),
      output: listOf(account),
      access: admin,
    }),
  },
  sessions: {
    login: mutation({
      summary: 'Exchange an address and a password for an access token',
      input: z.object({ email, password: z.string().min(1).max(128) }),
      output: z.object({
        accessToken: z.string(),
        expiresAt: time,
        user: account,
      }),
      access: anyone,
      errors: {
        BAD_CREDENTIALS: error('UNAUTHORIZED', 'The address or the password is wrong', z.object({})),
      },
    }),
  },
  tokens: {
    introspect: query({
      summary: 'Whether a token is good, and whose it is (RFC 7662)',
      input: z.object({ token: z.string().min(1).max(8192) }),
      output: z.discriminatedUnion('active', [
        z.object({ active: z.literal(false) }),
        z.object({
          active: z.literal(true),
          type: z.enum(['service', 'user']),
          subject: z.string(),
          name: z.string(),
          tokenId: z.string(),
          expiresAt: time,
        }),
      ]),
      access: either(admin, services('wiki', 'notification')),
      priority: 'critical',
    }),
  },
});
