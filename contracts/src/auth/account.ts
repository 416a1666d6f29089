import { error } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { id, time } from '../field.ts';

export const email = z.email().max(254).toLowerCase();

/** A password that somebody logs in with: any that may have been allowed once. */
export const givenPassword = z.string().min(1).max(128);

/** The longest password, in characters. */
const longestPassword = 128;

/** A password that somebody chooses. How short it may be is the service's to say (`PASSWORD_REFUSED`, `too-short`). */
export const newPassword = z.string().max(longestPassword, `must have at most ${longestPassword} characters`);

/** Six digits from an authenticator app, or a recovery code. */
export const secondFactorCode = z
  .string()
  .trim()
  .regex(/^(\d{6}|[\da-z]{5}-[\da-z]{5})$/i, 'must be six digits, or a recovery code');

/** What anybody inside may know of a user. */
export const profile = z.object({ id, name: z.string() });
export type Profile = z.output<typeof profile>;

/** What a user may know of himself, and an administrator of everybody. */
export const account = profile.extend({
  email: z.string(),
  role: z.enum(['user', 'admin']),
  /** Whether a code is asked for besides the password. */
  secondFactor: z.boolean(),
  createdAt: time,
  disabledAt: time.nullable(),
});
export type Account = z.output<typeof account>;

export const userNotFound = error('NOT_FOUND', 'There is no such user', z.object({ id }));

/** Why a password is refused, after "The password". */
const refusals = {
  'too-short': 'is too short',
  common: 'is a common password, or based on one: attackers try it first',
  personal: 'is based on the name or the email address of the account',
  reused: 'is one of the last five passwords of this account',
};

export const passwordRefused = error(
  'BAD_REQUEST',
  ({ reason, least }: { reason: keyof typeof refusals; least?: number | undefined }) =>
    least === undefined
      ? `The password ${refusals[reason]}`
      : `The password is too short: it must have ${least} to ${longestPassword} characters`,
  z.object({
    /** `reused`: one of the last five. */
    reason: z.enum(['too-short', 'common', 'personal', 'reused']),
    /** Of characters, where it is too short. */
    least: z.int().optional(),
  }),
);

export const badCredentials = error(
  'UNAUTHORIZED',
  'The email address or the password is wrong',
  z.object({}),
);

/** The same for a code of the second factor that is wrong, was used, or is of another time. */
export const badCode = error('UNAUTHORIZED', 'The code is wrong', z.object({}));
