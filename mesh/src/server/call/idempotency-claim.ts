import { createHash } from 'node:crypto';
import type { Caller } from '../../contract/index.ts';
import { isIdempotencyKey, MeshError } from '../../wire/index.ts';
import type { RawCall } from './raw-call.ts';

/**
 * What one call of a `by-key` procedure claims: that the work of this key is
 * done once. Whoever does the work claims it in the transaction of the work.
 */
export interface IdempotencyClaim {
  /** As `pages.create`. */
  readonly procedure: string;
  /** Whose key it is: `user:<id>`, `service:<name>`, `service:<name> user:<id>` for one that acts for a user, or `anyone`. */
  readonly caller: string;
  readonly key: string;
  /** SHA-256 of the parsed input, in hex: the same key with another one is a mistake of the caller's. */
  readonly fingerprint: string;
  /** Says that the claim is made good. A handler that answers without that has not kept its contract. */
  take(): void;
}

/** The claim of one call; the fingerprint is made when asked for. */
export class CallClaim implements IdempotencyClaim {
  readonly procedure: string;
  readonly caller: string;
  readonly key: string;
  readonly #input: unknown;
  #taken = false;

  constructor(call: { procedure: string; caller: Caller; key: string; input: unknown }) {
    this.procedure = call.procedure;
    this.caller = scopeOf(call.caller);
    this.key = call.key;
    this.#input = call.input;
  }

  get fingerprint(): string {
    return createHash('sha256').update(canonical(this.#input)).digest('hex');
  }

  take(): void {
    this.#taken = true;
  }

  /** @throws Error where the handler answered and has left it: the same call again would do its work again. */
  mustBeTaken(): void {
    if (this.#taken) return;
    throw new Error(
      `${this.procedure} is idempotent by key, but its handler did not do its work through once()`,
    );
  }
}

/**
 * The claim of a call that carries a key.
 *
 * @param call.input As its schema parsed it.
 * @throws MeshError BAD_REQUEST for what is no key.
 */
export function claimOf(
  procedure: string,
  {
    raw: { idempotencyKey: key },
    caller,
    input,
  }: { raw: Pick<RawCall, 'idempotencyKey'>; caller: Caller; input: unknown },
): CallClaim | undefined {
  if (key === undefined) return undefined;
  if (isIdempotencyKey(key)) return new CallClaim({ procedure, caller, key, input });
  throw new MeshError(
    'BAD_REQUEST',
    'An idempotency key must be 1 to 255 visible ASCII characters and belong to one call, not to a batch',
  );
}

/** Keys are their callers' own: nobody is answered with what another was told. */
function scopeOf({ service, user }: Caller): string {
  const parts = [];
  if (service) parts.push(`service:${service.name}`);
  if (user) parts.push(`user:${user.id}`);
  return parts.join(' ') || 'anyone';
}

/** JSON in which the order of an object's keys makes no difference, nor a key whose value is `undefined`. */
function canonical(input: unknown): string {
  const sorted = (_key: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify(input, sorted) ?? '';
}
