import type { ProcedureKind } from '../contract/index.ts';
import { header, MeshError } from '../wire/index.ts';
import { localError, toCallError } from './call-error.ts';

/** A query or a mutation that is about to be made. */
export interface OutgoingCall {
  /** The service that is called. */
  readonly target: string;
  /** The procedure, as `pages.get`. */
  readonly path: string;
  readonly kind: Exclude<ProcedureKind, 'subscription'>;
  readonly input: unknown;
  /** What interceptors before this one have added. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What an interceptor changes of a call. */
export type CallChanges = Readonly<{
  /** Instead of the caller's. @default the caller's */
  input?: unknown;
  /** Beside those that are there. Names of the mesh's own headers are refused. @default none */
  headers?: Readonly<Record<string, string>>;
}>;

/**
 * Runs around each query and mutation of a client, its deadline and its retries included. What it returns is what the
 * caller gets; a MeshError that it throws becomes the error of the call.
 *
 * @param next Runs the next interceptor, and at last the call.
 */
export type ClientInterceptor = (
  call: OutgoingCall,
  next: (changes?: CallChanges) => Promise<unknown>,
) => Promise<unknown>;

/** Makes a call, as the interceptors have changed it. */
type Make = (call: Pick<OutgoingCall, 'input' | 'headers'>) => Promise<unknown>;

/** Makes a call through its interceptors, the first one outermost. @throws CallError */
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
