import { createHash } from 'node:crypto';

/** The content of a notification; a broadcast has no topic. */
export type Payload = Readonly<{
  topic?: string;
  title: string;
  body: string;
  link?: string | undefined;
}>;

/**
 * A hash of the content, independent of the order of properties: SHA-256, base64url, 43 characters.
 *
 * It is stored with the idempotency key, so the form of its input must never change. A new optional property
 * may be added only if the hash without it stays the same.
 */
export function fingerprint({ topic, title, body, link }: Payload): string {
  // A JSON array instead of joined text, so that different payloads have different forms.
  const form = JSON.stringify([topic ?? null, title, body, link ?? null]);
  return createHash('sha256').update(form).digest('base64url');
}
