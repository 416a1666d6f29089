import { admin, anyService, either, query, subscription } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { time } from '../field.ts';

const revocation = z.object({
  /** The `jti` of a token; or the `sid` of a session, or the `kid` of a key, all of whose tokens are void. */
  id: z.string(),
  /** When the last token expires that this is about. */
  expiresAt: time,
});

/** Where in the order of revocations a list ends: it only ever grows. */
const position = z.int().min(0);

const event = z.object({
  items: z.array(revocation).max(1000),
  position,
  /** Whether nothing more is there at this moment. */
  complete: z.boolean(),
  /** Whether what came before is void: the order of revocations has begun anew. */
  reset: z.boolean(),
});
export type RevocationEvent = z.output<typeof event>;

/** Tokens and sessions that were ended before their time. */
export const revocations = {
  list: query({
    summary: 'Revocations after a position that have not expired, oldest first',
    input: z
      .object({ after: position.default(0), limit: z.int().min(1).max(1000).default(1000) })
      .prefault({}),
    output: event,
    access: either(admin, anyService),
    priority: 'critical',
  }),
  watch: subscription({
    summary:
      'Revocations as they happen; an event without items each second confirms that nothing was missed',
    input: z
      .object({
        lastEventId: z
          .string()
          .regex(/^\d{1,15}$/)
          .nullish(),
      })
      .optional(),
    output: event,
    access: either(admin, anyService),
  }),
};
