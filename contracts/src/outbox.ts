import { admin, mutation, query } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from './example.ts';
import { id, time } from './field.ts';
import { listInput, listOf } from './list.ts';

/**
 * Id of a delivery of a message to one recipient: a whole number, in the order in which messages were
 * written.
 */
const deliveryId = z.string().regex(/^\d{1,18}$/, 'must be a whole number, as outbox.list shows it');

/** A notification that was given up, for one recipient. */
const givenUp = z.object({
  id: deliveryId,
  userId: id,
  topic: z.string(),
  title: z.string(),
  createdAt: time,
  givenUpAt: time,
  /** Number of attempts. */
  attempts: z.int().min(0),
  /** Number of attempts that failed in the notification service. */
  failures: z.int().min(0),
  /** Code and message of the last failure. */
  error: z.string().nullable(),
});

export const deliveryIds = z.object({ ids: z.array(deliveryId).min(1).max(100) });
export const changed = z.object({ changed: z.int().min(0) });
export const givenUpList = listOf(givenUp);

/** Notifications that a service gave up, for administrators. */
export const outbox = {
  list: query({
    summary: 'Notifications that were given up, one entry per recipient, newest first',
    input: listInput.prefault({}),
    output: givenUpList,
    examples: [{ limit: 10 }],
    access: admin,
  }),
  retry: mutation({
    summary: 'Try again to deliver notifications that were given up; other ids are ignored',
    input: deliveryIds,
    output: changed,
    examples: [{ ids: [example.delivery] }],
    access: admin,
    idempotent: true,
  }),
  drop: mutation({
    summary: 'Delete notifications that were given up; other ids are ignored',
    input: deliveryIds,
    output: changed,
    examples: [{ ids: [example.delivery] }],
    access: admin,
    idempotent: true,
  }),
};
