import { createHash } from 'node:crypto';
import type { Caller } from '../../contract/index.ts';
import { isIdempotencyKey, MeshError } from '../../wire/index.ts';
import type { RawCall } from './raw-call.ts';

/** Claims that the work of one idempotency key is done once. Take it in the transaction of that work. */
export interface IdempotencyClaim {
  /** Its path, such as `pages.create`. */
  readonly procedure: string;
  /** Owner of the key: `user:<id>`, `service:<name>`, `service:<name> user:<id>` or `anyone`. */
  readonly caller: string;
  readonly key: string;
  /** SHA-256 of the parsed input, in hex. A key reused with another input is the caller's mistake. */
  readonly fingerprint: string;
  /** Marks the claim as honoured; a call that succeeds without it fails. */
  take(): void;
}

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

  /** @throws Error if the handler did not take it: a retry would repeat the work. */
  mustBeTaken(): void {
    if (this.#taken) return;
    throw new Error(
      `${this.procedure} is idempotent by key, but its handler did not do its work through once()`,
    );
  }
}

/** The claim of a call that has a key; `input` as parsed. @throws MeshError BAD_REQUEST for an invalid key. */
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

/** Keys are scoped to their caller, so that no caller gets the answer of another. */
function scopeOf({ service, user }: Caller): string {
  const parts = [];
  if (service) parts.push(`service:${service.name}`);
  if (user) parts.push(`user:${user.id}`);
  return parts.join(' ') || 'anyone';
}

/** JSON with sorted keys and without `undefined` values. A transformer of a router may restore what JSON does not have. */
function canonical(input: unknown): string {
  const sorted = (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return `${value}n`;
    if (value instanceof Map || value instanceof Set) return [...value];
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  };
  return JSON.stringify(input, sorted) ?? '';
}
