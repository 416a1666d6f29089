import { anyone, mutation } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { time } from '../field.ts';
import { account, badCredentials, email, givenPassword } from './account.ts';

/** What a user gets who logs in, and for each refresh token. */
const sessionTokens = z.object({
  /** A JWT, good for a quarter of an hour. */
  accessToken: z.string(),
  expiresAt: time,
  user: account,
});
export type SessionTokens = z.output<typeof sessionTokens>;

/** Where a user is logged in. */
export const sessions = {
  login: mutation({
    summary: 'Exchange an address and a password for an access token and a refresh token',
    input: z.object({ email, password: givenPassword }),
    output: sessionTokens,
    access: anyone,
    priority: 'sheddable',
    rateLimit: { calls: 30, perMs: 60_000 },
    errors: {
      BAD_CREDENTIALS: badCredentials,
    },
  }),
};
