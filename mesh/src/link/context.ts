import { localError, notReached } from '../client/core.ts';
import { isIdempotencyKey, longestTimerMs } from '../wire/index.ts';
import type { MeshLinkContext } from './options.ts';

type Check = Readonly<{ isValid: (value: unknown) => boolean; must: string }>;

const aTime: Check = {
  isValid: (value) => typeof value === 'number' && value > 0 && value <= longestTimerMs,
  must: `a number of milliseconds, more than 0 and at most ${longestTimerMs}`,
};

const checks: Readonly<Record<keyof MeshLinkContext, Check>> = {
  headers: { isValid: (value) => typeof value === 'object' && value !== null, must: 'an object' },
  timeoutMs: aTime,
  deadlineMs: aTime,
  idempotencyKey: { isValid: isIdempotencyKey, must: '1 to 255 visible ASCII characters' },
  userToken: { isValid: (value) => typeof value === 'string' && value !== '', must: 'a token' },
  repeated: { isValid: (value) => typeof value === 'boolean', must: 'true or false' },
};

const names = Object.keys(checks) as (keyof MeshLinkContext)[];

const nothing: MeshLinkContext = Object.freeze({});

/**
 * Reads the fields of the mesh from the context of a call.
 *
 * @throws CallError BAD_REQUEST for an invalid one.
 */
export function readContext(context: Readonly<Record<string, unknown>>): MeshLinkContext {
  let read: Record<string, unknown> | undefined;
  for (const name of names) {
    const value = context[name];
    if (value === undefined) continue;
    const { isValid, must } = checks[name];
    if (!isValid(value)) {
      const message = `context.${name} must be ${must}`;
      throw localError('BAD_REQUEST', message, { cause: notReached(message), retry: 'never' });
    }
    read ??= {};
    read[name] = value;
  }
  return read ?? nothing;
}
