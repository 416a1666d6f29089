import { error } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { id, time } from '../field.ts';

export const email = z.email().max(254).toLowerCase();

/** A password entered to log in: any that may have been allowed at some time. */
export const givenPassword = z.string().min(1).max(128);

/** The longest password, in characters. */
const longestPassword = 128;

/** A new password. The service sets the minimum length (`PASSWORD_REFUSED`, `too-short`). */
export const newPassword = z.string().max(longestPassword, `must have at most ${longestPassword} characters`);

/** Six digits from an authenticator app, or a recovery code. */
export const secondFactorCode = z
  .string()
  .trim()
  .regex(/^(\d{6}|[\da-z]{5}-[\da-z]{5})$/i, 'must be six digits, or a recovery code');

/** What every service and user may see of a user. */
export const profile = z.object({ id, name: z.string() });
export type Profile = z.output<typeof profile>;

/** What users may see of themselves, and administrators of every account. */
export const account = profile.extend({
  email: z.string(),
  role: z.enum(['user', 'admin']),
  /** Whether log-in requires a code in addition to the password. */
  secondFactor: z.boolean(),
  createdAt: time,
  disabledAt: time.nullable(),
});
export type Account = z.output<typeof account>;

export const userNotFound = error('NOT_FOUND', 'There is no such user', z.object({ id }));

/** Why a password is refused; follows "The password". */
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
    /** `reused`: it is one of the last five passwords. */
    reason: z.enum(['too-short', 'common', 'personal', 'reused']),
    /** Minimum number of characters, with `too-short`. */
    least: z.int().optional(),
  }),
);

export const badCredentials = error(
  'UNAUTHORIZED',
  'The email address or the password is wrong',
  z.object({}),
);

/** The same for a second-factor code that is wrong, already used, or outside of its time window. */
export const badCode = error('UNAUTHORIZED', 'The code is wrong', z.object({}));
