import { admin, anyService, either, error, mutation, query } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from '../example.ts';
import { time } from '../field.ts';
import { listInput, listOf } from '../list.ts';

const serviceName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'is not a valid service name');
const tokenId = z.string().min(1).max(128);

const issued = z.object({
  /** Shown once, and not stored here. */
  token: z.string(),
  tokenId,
  service: z.string(),
  issuedAt: time,
  expiresAt: time,
});

const record = z.object({
  tokenId,
  service: z.string(),
  serviceId: z.string(),
  /** The key that signed it. */
  kid: z.string(),
  /** `set-up`: created without this service, and recorded when first used. */
  origin: z.enum(['set-up', 'issued', 'rotated']),
  /** The token that this one succeeds. */
  replaces: z.string().nullable(),
  issuedAt: time,
  expiresAt: time,
  revokedAt: time.nullable(),
});

const tooManyTokens = error(
  'CONFLICT',
  'This service has as many live tokens as SERVICE_TOKENS_MAX of auth allows: revoke those that are not in use, or raise the setting',
  z.object({ service: z.string(), most: z.int() }),
);

const tokenNotFound = error('NOT_FOUND', 'There is no such token', z.object({ tokenId }));

/** Service tokens. Administrators manage all of them, and each service its own. */
export const serviceTokens = {
  issue: mutation({
    summary: 'Issue a token for a service, valid for 90 days',
    input: z.object({ service: serviceName }),
    output: issued,
    examples: [{ service: 'inventory' }],
    access: either(admin, anyService),
    errors: { TOO_MANY_TOKENS: tooManyTokens },
  }),
  list: query({
    summary: 'The known tokens, newest first; a service sees its own',
    input: listInput.extend({ service: serviceName.optional() }).prefault({}),
    output: listOf(record),
    examples: [{ service: 'inventory' }],
    access: either(admin, anyService),
  }),
  rotate: mutation({
    summary:
      'Exchange a token for its successor; repeated calls return the same one, and the old token stays valid until it expires',
    input: z
      .object({
        /** @default the token that the calling service authenticated with */
        tokenId: tokenId.optional(),
      })
      .prefault({}),
    output: issued,
    examples: [{ tokenId: example.tokenId }],
    access: either(admin, anyService),
    idempotent: true,
    priority: 'critical',
    errors: {
      TOKEN_NOT_FOUND: tokenNotFound,
      TOKEN_REVOKED: error('CONFLICT', 'This token was revoked', z.object({ tokenId })),
      TOO_MANY_TOKENS: tooManyTokens,
    },
  }),
  revoke: mutation({
    summary: 'Revoke a token, or all tokens of a service; every service refuses them within 2 s',
    input: z.union([z.object({ tokenId }).strict(), z.object({ service: serviceName }).strict()]),
    output: z.object({
      /** The tokens revoked by this call that had not expired; of more than 1000, the newest. */
      tokenIds: z.array(tokenId).max(1000),
      /** The number of tokens revoked, if `tokenIds` is not complete. */
      count: z.int().min(0).optional(),
    }),
    examples: [{ tokenId: example.tokenId }, { service: 'inventory' }],
    access: either(admin, anyService),
    idempotent: true,
    // A database from before SERVICE_TOKENS_MAX may have very many tokens to revoke.
    timeoutMs: 15_000,
    errors: { TOKEN_NOT_FOUND: tokenNotFound },
  }),
};
