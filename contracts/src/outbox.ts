import { admin, mutation, query } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { id, time } from './field.ts';
import { listInput, listOf } from './list.ts';

/** A message on its way to one recipient: a whole number, in the order in which messages were written. */
const deliveryId = z.string().regex(/^\d{1,18}$/, 'must be a whole number, as outbox.list shows it');

const givenUp = z.object({
  id: deliveryId,
  /** The recipient. */
  userId: id,
  topic: z.string(),
  title: z.string(),
  createdAt: time,
  givenUpAt: time,
  /** How often it was tried. */
  attempts: z.int().min(0),
  /** How often the notification service failed at it. */
  failures: z.int().min(0),
  /** What the last attempt failed with: a code and a message. */
  error: z.string().nullable(),
});

const ids = z.object({ ids: z.array(deliveryId).min(1).max(100) });
const changed = z.object({ changed: z.int().min(0) });

/** Notifications of a service that were given up, for administrators. */
export const outbox = {
  list: query({
    summary: 'Notifications that were given up, one entry per recipient, newest first',
    input: listInput.prefault({}),
    output: listOf(givenUp),
    access: admin,
  }),
  retry: mutation({
    summary: 'Try again to deliver notifications that were given up; other ids are ignored',
    input: ids,
    output: changed,
    access: admin,
    idempotent: true,
  }),
  drop: mutation({
    summary: 'Delete notifications that were given up; other ids are ignored',
    input: ids,
    output: changed,
    access: admin,
    idempotent: true,
  }),
};
