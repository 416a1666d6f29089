import { admin, anyService, either, query, subscription } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { time } from '../field.ts';

const revocation = z.object({
  /**
   * The `jti` of a token, the `sid` of a session, or the `kid` of a key; the latter two revoke all of their
   * tokens.
   */
  id: z.string(),
  /** When the last affected token expires. */
  expiresAt: time,
});

/** Position at which a list ends; positions only grow. */
const position = z.int().min(0);

const event = z.object({
  items: z.array(revocation).max(1000),
  position,
  /** Whether the list is complete at this moment. */
  complete: z.boolean(),
  /** Whether all earlier entries are void, because the list was reset. */
  reset: z.boolean(),
});
export type RevocationEvent = z.output<typeof event>;

/** Tokens and sessions that were revoked before they expired. */
export const revocations = {
  list: query({
    summary: 'Revocations after a position that have not expired, oldest first',
    input: z
      .object({ after: position.default(0), limit: z.int().min(1).max(1000).default(1000) })
      .prefault({}),
    output: event,
    examples: [{ after: 0, limit: 100 }],
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
    examples: [{ lastEventId: '0' }],
    access: either(admin, anyService),
  }),
};
