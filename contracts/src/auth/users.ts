import { admin, anyone, either, error, mutation, query, services, user } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { id, label } from '../field.ts';
import { listInput, listOf } from '../list.ts';
import {
  account,
  badCredentials,
  email,
  givenPassword,
  newPassword,
  passwordRefused,
  profile,
  userNotFound,
} from './account.ts';

const lastAdministrator = error(
  'CONFLICT',
  'There would be no administrator left who can log in',
  z.object({ id }),
);

/** Accounts. */
export const users = {
  register: mutation({
    summary: 'Open an account',
    input: z.object({ email, name: label(100), password: newPassword }),
    output: account,
    access: anyone,
    priority: 'sheddable',
    rateLimit: { calls: 10, perMs: 60_000 },
    errors: {
      EMAIL_TAKEN: error('CONFLICT', 'An account with this address exists', z.object({ email: z.string() })),
      PASSWORD_REFUSED: passwordRefused,
    },
  }),
  me: query({ summary: 'The account of the user who asks', output: account, access: user }),
  update: mutation({
    summary: 'Change the name on the account of the user who asks',
    input: z.object({ name: label(100) }),
    output: account,
    access: user,
    idempotent: true,
  }),
  changePassword: mutation({
    summary: 'Change the password of the user who asks; his other sessions end',
    input: z.object({ currentPassword: givenPassword, newPassword }),
    output: z.object({ sessionsEnded: z.int().min(0) }),
    access: user,
    // Seven hashes each: of the current one, of the five remembered, and the new one's.
    rateLimit: { calls: 10, perMs: 60_000 },
    errors: { BAD_CREDENTIALS: badCredentials, PASSWORD_REFUSED: passwordRefused },
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
  setRole: mutation({
    summary:
      'Make somebody an administrator, or no longer; his sessions end, so that no token has the old role',
    input: z.object({ id, role: z.enum(['user', 'admin']) }),
    output: account,
    access: admin,
    idempotent: true,
    errors: { USER_NOT_FOUND: userNotFound, LAST_ADMINISTRATOR: lastAdministrator },
  }),
  disable: mutation({
    summary: 'Close an account: its sessions end, and it cannot log in',
    input: z.object({ id }),
    output: account,
    access: admin,
    idempotent: true,
    errors: { USER_NOT_FOUND: userNotFound, LAST_ADMINISTRATOR: lastAdministrator },
  }),
  enable: mutation({
    summary: 'Open an account again that was disabled',
    input: z.object({ id }),
    output: account,
    access: admin,
    idempotent: true,
    errors: { USER_NOT_FOUND: userNotFound },
  }),
};
