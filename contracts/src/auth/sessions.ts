import { anyone, error, mutation, query, user } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from '../example.ts';
import { id, time } from '../field.ts';
import { account, badCode, badCredentials, email, givenPassword, secondFactorCode } from './account.ts';

/** The tokens that a log-in returns, and each refresh. */
const sessionTokens = z.object({
  /** A JWT, valid for 15 minutes. */
  accessToken: z.string(),
  expiresAt: time,
  /**
   * Valid for one exchange, which may be repeated until the new token is used. The session ends 30 days after
   * the log-in, regardless of exchanges.
   */
  refreshToken: z.string(),
  sessionExpiresAt: time,
  user: account,
});
export type SessionTokens = z.output<typeof sessionTokens>;

const refreshToken = z.string().regex(/^[\w-]{43}$/, 'is not a refresh token');

/** The sessions of users. */
export const sessions = {
  login: mutation({
    summary: 'Exchange an email address and a password for an access token and a refresh token',
    input: z.object({ email, password: givenPassword, code: secondFactorCode.optional() }),
    output: sessionTokens,
    examples: [{ email: example.email, password: example.password }],
    access: anyone,
    priority: 'sheddable',
    rateLimit: { calls: 30, perMs: 60_000 },
    errors: {
      BAD_CREDENTIALS: badCredentials,
      BAD_CODE: badCode,
      CODE_NEEDED: error(
        'UNAUTHORIZED',
        'This account needs a second-factor code besides the password',
        z.object({}),
      ),
    },
  }),
  refresh: mutation({
    summary:
      'Exchange a refresh token for new tokens; repeated calls return the same successor until that one is used',
    input: z.object({ refreshToken }),
    output: sessionTokens,
    examples: [{ refreshToken: example.refreshToken }],
    access: anyone,
    idempotent: true,
    rateLimit: { calls: 120, perMs: 60_000 },
    errors: {
      SESSION_ENDED: error('UNAUTHORIZED', 'This session has ended; log in again', z.object({})),
    },
  }),
  logout: mutation({
    summary: 'End the session of a refresh token, including its access tokens',
    input: z.object({ refreshToken }),
    output: z.object({}),
    examples: [{ refreshToken: example.refreshToken }],
    access: anyone,
    idempotent: true,
  }),
  logoutAll: mutation({
    summary: 'End all sessions of the calling user, including this one',
    output: z.object({ sessionsEnded: z.int().min(0) }),
    access: user,
    idempotent: true,
  }),
  list: query({
    summary: 'The sessions of the calling user, newest first',
    output: z.object({
      items: z
        .array(
          z.object({
            id,
            createdAt: time,
            lastUsedAt: time,
            expiresAt: time,
            /** The IP address of the log-in. */
            address: z.string().nullable(),
            userAgent: z.string().nullable(),
            /** Whether it is the session of the caller. */
            current: z.boolean(),
          }),
        )
        .max(100),
    }),
    access: user,
  }),
};
