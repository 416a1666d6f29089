import { admin, either, query, services } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from '../example.ts';
import { time } from '../field.ts';

/** User and service tokens. */
export const tokens = {
  introspect: query({
    summary: 'Whether a token is valid, and whose it is (RFC 7662)',
    input: z.object({ token: z.string().min(1).max(8192) }),
    output: z.discriminatedUnion('active', [
      z.object({ active: z.literal(false) }),
      z.object({
        active: z.literal(true),
        type: z.enum(['service', 'user']),
        subject: z.string(),
        name: z.string(),
        tokenId: z.string(),
        expiresAt: time,
      }),
    ]),
    examples: [{ token: example.accessToken }],
    access: either(admin, services('wiki', 'notification')),
    priority: 'critical',
  }),
};
