import { MeshError } from './mesh-error.ts';

/**
 * Whether `idempotency-key` holds a key: 1 to 255 visible ASCII characters, of
 * which nobody but its maker knows what they mean.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function isIdempotencyKey(text: unknown): text is string {
  return typeof text === 'string' && /^[\x21-\x7e]{1,255}$/.test(text);
}

/** The error for a key that its caller has used before, for the same procedure with another input. */
export function keyReused(): MeshError {
  return new MeshError('CONFLICT', 'This idempotency key was used for a call with another input', {
    named: { name: 'IDEMPOTENCY_KEY_REUSED', data: {} },
    retry: 'never',
  });
}
