import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** What every stack's `notify` takes; every server that validates does it with this schema. */
export const messageSchema = z.object({
  id: z.uuid(),
  userId: z.uuid(),
  topic: z.string().min(1).max(64),
  title: z.string().min(1).max(200),
  body: z.string(),
  createdAt: z.iso.datetime(),
});
export type Message = z.output<typeof messageSchema>;

/** What it answers with. */
export const receiptSchema = z.object({ id: z.uuid(), accepted: z.boolean(), length: z.int() });
export type Receipt = z.output<typeof receiptSchema>;

/** The handler's whole work, so that what is measured is the way there and back. */
export function accept({ id, body }: Message): Receipt {
  return { id, accepted: true, length: body.length };
}

/** Whether an answer is this message's own: a stack that mixes up its calls must not win. */
export function answers(receipt: Receipt, { id, body }: Message): boolean {
  return receipt.id === id && receipt.accepted && receipt.length === body.length;
}

const sentence = 'The page that you watch has a new comment, and it asks for your opinion. ';

/** How many messages are made beforehand: enough for calls in flight to differ from one another. */
const distinct = 1024;

/**
 * Makes a source of messages of one size. They are made beforehand, so that
 * making them is not part of what is measured.
 *
 * @param bodyBytes Length of the body, in bytes; the other fields add some 200.
 */
export function messagesOf(bodyBytes: number): () => Message {
  const body = Buffer.from(sentence.repeat(Math.ceil(bodyBytes / sentence.length)))
    .toString('latin1')
    .slice(0, bodyBytes);
  const messages = Array.from({ length: distinct }, (): Message => ({
    id: randomUUID(),
    userId: randomUUID(),
    topic: 'wiki.comment',
    title: 'A new comment',
    body,
    createdAt: new Date().toISOString(),
  }));
  let next = 0;
  return () => {
    next = (next + 1) % distinct;
    return messages[next] as Message;
  };
}
