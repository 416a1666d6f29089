import { createHash } from 'node:crypto';

/** What a sender says; a broadcast has no topic. */
export type Payload = Readonly<{
  topic?: string;
  title: string;
  body: string;
  link?: string | undefined;
}>;

/**
 * A hash of what is sent, the same for the same payload whatever the order of
 * its properties: SHA-256, base64url, 43 characters.
 *
 * It is stored beside the idempotency key, so its input must never change its
 * form: a new optional property may be added only where its absence leaves
 * the hash as it was.
 */
export function fingerprint({ topic, title, body, link }: Payload): string {
  // An array in JSON: unlike joined text, no two payloads share one form.
  const form = JSON.stringify([topic ?? null, title, body, link ?? null]);
  return createHash('sha256').update(form).digest('base64url');
}
