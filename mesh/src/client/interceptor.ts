import type { ProcedureKind } from '../contract/index.ts';
import { header, MeshError } from '../wire/index.ts';
import { localError, toCallError } from './call-error.ts';

/** A query or a mutation before it is sent. */
export interface OutgoingCall {
  /** Name of the called service. */
  readonly target: string;
  /** Procedure, such as `pages.get`. */
  readonly path: string;
  readonly kind: Exclude<ProcedureKind, 'subscription'>;
  readonly input: unknown;
  /** Headers added by earlier interceptors. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Changes of an interceptor to a call. */
export type CallChanges = Readonly<{
  /** Replaces the input. @default unchanged */
  input?: unknown;
  /** Additional headers; names of the mesh's own headers are refused. @default none */
  headers?: Readonly<Record<string, string>>;
}>;

/**
 * Runs around each query and mutation of a client, with its deadline and retries. The caller gets its result; a
 * MeshError that it throws becomes the error of the call.
 *
 * @param next Runs the next interceptor, or the call after the last one.
 */
export type ClientInterceptor = (
  call: OutgoingCall,
  next: (changes?: CallChanges) => Promise<unknown>,
) => Promise<unknown>;

type Make = (call: Pick<OutgoingCall, 'input' | 'headers'>) => Promise<unknown>;

/** Runs a call through its interceptors, the first one outermost. @throws CallError */
export async function intercept(
  interceptors: readonly ClientInterceptor[],
  call: OutgoingCall,
  make: Make,
): Promise<unknown> {
  const run = (index: number, changed: OutgoingCall): Promise<unknown> => {
    const interceptor = interceptors[index];
    if (!interceptor) return make(changed);
    return interceptor(changed, async (changes = {}) => run(index + 1, withChanges(changed, changes)));
  };
  try {
    return await run(0, call);
  } catch (error) {
    throw error instanceof MeshError ? localError(error.code, error.message, { cause: error }) : error;
  }
}

const ownHeaders: ReadonlySet<string> = new Set(Object.values(header));
/** RFC 9110 §5.1, in lower case. */
const namePattern = /^[\w!#$%&'*+.^`|~-]+$/;
/** RFC 9110 §5.5, visible ASCII and spaces between. */
const valuePattern = /^[!-~]([ -~]*[!-~])?$/;

function withChanges(call: OutgoingCall, { headers = {}, ...changes }: CallChanges): OutgoingCall {
  const added: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (ownHeaders.has(lower)) throw toCallError(new TypeError(`${lower} is reserved for the mesh`));
    if (!namePattern.test(lower) || !valuePattern.test(value))
      throw toCallError(new TypeError(`${JSON.stringify(name.slice(0, 64))} is not a valid header`));
    added[lower] = value;
  }
  return { ...call, ...changes, headers: { ...call.headers, ...added } };
}
