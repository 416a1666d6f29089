import { error, mutation, user } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from '../example.ts';
import { badCode, badCredentials, givenPassword, secondFactorCode } from './account.ts';

const recoveryCodes = z.object({
  /** Each is valid for one log-in instead of a code. Shown only this once. */
  recoveryCodes: z.array(z.string()).length(10),
});

const alreadyOn = error('CONFLICT', 'The second factor is already on', z.object({}));
const notOn = error('CONFLICT', 'The second factor is not on', z.object({}));

/** Limits logged-in users as well: each of these calls hashes a password or tries a code. */
const rateLimit = { calls: 30, perMs: 60_000 } as const;

/** The second factor of the calling user: codes of an authenticator app (RFC 6238). */
export const totp = {
  enroll: mutation({
    summary: 'Create a secret for an authenticator app; nothing changes until it is confirmed',
    input: z.object({ password: givenPassword }),
    output: z.object({
      /** In Base32, for typing. */
      secret: z.string(),
      /** `otpauth://…`, for a QR code. */
      uri: z.string(),
    }),
    examples: [{ password: example.password }],
    access: user,
    rateLimit,
    errors: { BAD_CREDENTIALS: badCredentials, ALREADY_ON: alreadyOn },
  }),
  confirm: mutation({
    summary: 'Turn the second factor on with a first code; returns the recovery codes',
    input: z.object({ code: secondFactorCode }),
    output: recoveryCodes,
    examples: [{ code: example.code }],
    access: user,
    rateLimit,
    errors: {
      BAD_CODE: badCode,
      ALREADY_ON: alreadyOn,
      NOT_ENROLLED: error('CONFLICT', 'There is no secret to confirm', z.object({})),
    },
  }),
  renewRecoveryCodes: mutation({
    summary: 'Create new recovery codes; the old ones become invalid',
    input: z.object({ password: givenPassword, code: secondFactorCode }),
    output: recoveryCodes,
    examples: [{ password: example.password, code: example.code }],
    access: user,
    rateLimit,
    errors: { BAD_CREDENTIALS: badCredentials, BAD_CODE: badCode, NOT_ON: notOn },
  }),
  disable: mutation({
    summary: 'Turn the second factor off',
    input: z.object({ password: givenPassword, code: secondFactorCode }),
    output: z.object({}),
    examples: [{ password: example.password, code: example.code }],
    access: user,
    rateLimit,
    errors: { BAD_CREDENTIALS: badCredentials, BAD_CODE: badCode, NOT_ON: notOn },
  }),
};
