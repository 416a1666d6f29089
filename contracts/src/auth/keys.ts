import { admin, anyService, either, error, mutation, query } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from '../example.ts';
import { time } from '../field.ts';

const key = z.object({
  kid: z.string(),
  /** `published`: not yet in use; `retired`: kept for the tokens it signed. */
  state: z.enum(['published', 'active', 'retired']),
  /** `environment`: from SIGNING_KEYS or PUBLIC_KEYS; `made`: by a rotation. */
  origin: z.enum(['environment', 'made']),
  publishedAt: time,
  /** When it starts to sign; null if it never signs here. */
  activeFrom: time.nullable(),
  retiredAt: time.nullable(),
  /** When it is removed from the JWKS. */
  removedAt: time.nullable(),
});
export type SigningKeyEntry = z.output<typeof key>;

/** The signing keys. */
export const keys = {
  rotate: mutation({
    summary:
      'Create and publish the next signing key; it signs once every verifier has had time to learn of it',
    output: key,
    access: admin,
    errors: {
      NEXT_KEY_WAITS: error(
        'CONFLICT',
        'The next key is already published and not yet in use',
        z.object({ kid: z.string(), activeFrom: time }),
      ),
      TOO_MANY_KEYS: error(
        'CONFLICT',
        'The maximum number of keys is published; tokens of the oldest have yet to expire',
        z.object({ published: z.int() }),
      ),
    },
  }),
  withdraw: mutation({
    summary:
      'Withdraw a stolen key from the JWKS at once: all tokens it signed become invalid; if it was the signing key, another takes over',
    input: z.object({ kid: z.string().min(1).max(128) }),
    output: key,
    examples: [{ kid: example.kid }],
    access: admin,
    idempotent: true,
    // A database from before SERVICE_TOKENS_MAX may have very many tokens to revoke.
    timeoutMs: 15_000,
    errors: { KEY_NOT_FOUND: error('NOT_FOUND', 'There is no such key', z.object({ kid: z.string() })) },
  }),
  list: query({
    summary: 'The published keys, newest first',
    output: z.object({ items: z.array(key).max(20) }),
    access: either(admin, anyService),
  }),
};
