import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** Input of `notify` in every stack; every server that validates uses this schema. */
export const messageSchema = z.object({
  id: z.uuid(),
  userId: z.uuid(),
  topic: z.string().min(1).max(64),
  title: z.string().min(1).max(200),
  body: z.string(),
  createdAt: z.iso.datetime(),
});
export type Message = z.output<typeof messageSchema>;

/** Its answer. */
export const receiptSchema = z.object({ id: z.uuid(), accepted: z.boolean(), length: z.int() });
export type Receipt = z.output<typeof receiptSchema>;

/** The handler does nothing else, so that only the call itself is measured. */
export function accept({ id, body }: Message): Receipt {
  return { id, accepted: true, length: body.length };
}

/** Whether an answer belongs to this message: a stack that mixes up calls must fail. */
export function answers(receipt: Receipt, { id, body }: Message): boolean {
  return receipt.id === id && receipt.accepted && receipt.length === body.length;
}

const sentence = 'The page that you watch has a new comment, and it asks for your opinion. ';

/** Number of prepared messages, enough for calls in flight to differ. */
const distinct = 1024;

/**
 * Creates a source of messages of one size. They are prepared, so that creating them is not measured.
 *
 * @param bodyBytes Length of the body, in bytes; the other fields add about 200.
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
