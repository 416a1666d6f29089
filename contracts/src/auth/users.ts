import { admin, anyone, either, error, mutation, query, services, user } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from '../example.ts';
import { id, label, line, time } from '../field.ts';
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

const emailTaken = error(
  'CONFLICT',
  'An account with this email address already exists',
  z.object({ email: z.string() }),
);

const role = z.enum(['user', 'admin']);

/** User accounts. */
export const users = {
  register: mutation({
    summary: 'Create an account',
    input: z.object({ email, name: label(100), password: newPassword }),
    output: account,
    examples: [{ email: example.email, name: 'Ann', password: example.password }],
    access: anyone,
    priority: 'sheddable',
    rateLimit: { calls: 10, perMs: 60_000 },
    errors: { EMAIL_TAKEN: emailTaken, PASSWORD_REFUSED: passwordRefused },
  }),
  create: mutation({
    summary: 'Create an account for someone else, with a role and a first password',
    input: z.object({ email, name: label(100), password: newPassword, role: role.default('user') }),
    output: account,
    examples: [{ email: example.otherEmail, name: 'Ben Example', password: example.password }],
    access: admin,
    rateLimit: { calls: 30, perMs: 60_000 },
    errors: { EMAIL_TAKEN: emailTaken, PASSWORD_REFUSED: passwordRefused },
  }),
  me: query({ summary: 'The account of the calling user', output: account, access: user }),
  update: mutation({
    summary: 'Change the name of the calling user',
    input: z.object({ name: label(100) }),
    output: account,
    examples: [{ name: 'Ann Example' }],
    access: user,
    idempotent: true,
  }),
  changePassword: mutation({
    summary: 'Change the password of the calling user; their other sessions end',
    input: z.object({ currentPassword: givenPassword, newPassword }),
    output: z.object({ sessionsEnded: z.int().min(0) }),
    examples: [{ currentPassword: example.password, newPassword: example.newPassword }],
    access: user,
    // Each call makes seven hashes: of the current password, five former ones, and the new one.
    rateLimit: { calls: 10, perMs: 60_000 },
    errors: { BAD_CREDENTIALS: badCredentials, PASSWORD_REFUSED: passwordRefused },
  }),
  get: query({
    summary: 'The public part of one user',
    input: z.object({ id }),
    output: profile,
    examples: [{ id: example.user }],
    access: either(user, services('wiki', 'notification')),
    hedge: true,
    errors: { USER_NOT_FOUND: userNotFound },
  }),
  getMany: query({
    summary: 'The public part of several users; unknown ids are left out',
    input: z.object({ ids: z.array(id).min(1).max(100) }),
    output: z.object({ items: z.array(profile).max(100) }),
    examples: [{ ids: [example.user, example.otherUser] }],
    access: either(user, services('wiki', 'notification')),
    hedge: true,
  }),
  list: query({
    summary: 'All accounts, newest first',
    input: listInput
      .extend({
        /** Part of the email address or of the name, in any case. */
        search: line(100).optional(),
        role: role.optional(),
      })
      .prefault({}),
    output: listOf(account),
    examples: [{ limit: 10 }],
    access: admin,
  }),
  find: query({
    summary: 'One account, by its id or its email address',
    input: z.union([z.object({ id }).strict(), z.object({ email }).strict()]),
    output: account.extend({
      sessions: z.object({
        active: z.int().min(0),
        /** When one of them was last used; null if none is active. */
        lastUsedAt: time.nullable(),
      }),
    }),
    examples: [{ email: example.email }],
    access: admin,
    errors: {
      USER_NOT_FOUND: error(
        'NOT_FOUND',
        'There is no such user',
        z.object({ id: z.string().optional(), email: z.string().optional() }),
      ),
    },
  }),
  setRole: mutation({
    summary:
      'Change the role of a user to admin or user; their sessions end, so that no token carries the old role',
    input: z.object({ id, role }),
    output: account,
    examples: [{ id: example.otherUser, role: 'admin' }],
    access: admin,
    idempotent: true,
    errors: { USER_NOT_FOUND: userNotFound, LAST_ADMINISTRATOR: lastAdministrator },
  }),
  disable: mutation({
    summary: 'Disable an account: its sessions end, and it cannot log in',
    input: z.object({ id }),
    output: account,
    examples: [{ id: example.otherUser }],
    access: admin,
    idempotent: true,
    errors: { USER_NOT_FOUND: userNotFound, LAST_ADMINISTRATOR: lastAdministrator },
  }),
  enable: mutation({
    summary: 'Enable a disabled account',
    input: z.object({ id }),
    output: account,
    examples: [{ id: example.otherUser }],
    access: admin,
    idempotent: true,
    errors: { USER_NOT_FOUND: userNotFound },
  }),
  resetSecondFactor: mutation({
    summary:
      'Turn off the second factor of another user, who has lost it; their sessions end, and the password alone logs in',
    input: z.object({ id }),
    output: account,
    examples: [{ id: example.otherUser }],
    access: admin,
    idempotent: true,
    errors: {
      USER_NOT_FOUND: userNotFound,
      OWN_SECOND_FACTOR: error(
        'CONFLICT',
        'You turn off your own second factor with your password and a code (totp.disable)',
        z.object({}),
      ),
    },
  }),
  endSessions: mutation({
    summary: 'End all sessions of a user; their access tokens are refused within 2 s',
    input: z.object({ id }),
    output: z.object({ sessionsEnded: z.int().min(0) }),
    examples: [{ id: example.otherUser }],
    access: admin,
    idempotent: true,
    errors: { USER_NOT_FOUND: userNotFound },
  }),
};
