import { admin, anyone, either, error, mutation, query, services, user } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { id, line } from '../field.ts';
import { listInput, listOf } from '../list.ts';
import { account, email, newPassword, profile, userNotFound } from './account.ts';

/** Accounts. */
export const users = {
  register: mutation({
    summary: 'Open an account',
    input: z.object({ email, name: line(100), password: newPassword }),
    output: account,
    access: anyone,
    priority: 'sheddable',
    rateLimit: { calls: 10, perMs: 60_000 },
    errors: {
      EMAIL_TAKEN: error('CONFLICT', 'An account with this address exists', z.object({ email: z.string() })),
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
};
