import { TRPCClientError } from '@trpc/client';
import type { AnyTRPCRouter, TRPCCombinedDataTransformer } from '@trpc/server';
import { TRPC_ERROR_CODES_BY_NUMBER } from '@trpc/server/rpc';
import { answeredError, localError, sentError, type CalledProcedure } from '../client/core.ts';
import { InDoubtError, isCallError, type Answer, type CallError } from '../client/index.ts';
import { errorCodes, isErrorCode, type ErrorCode, type ErrorData, type NamedError } from '../wire/index.ts';

/** An error as a router sends it; its error formatter may have changed all but these. */
type Shape = Readonly<{ message: string; code: number; data?: unknown }>;

/** Reads data with the transformer of a router. */
export function outputOf({ output }: TRPCCombinedDataTransformer): CalledProcedure['output'] {
  return { safeParse: (data) => ({ success: true, data: output.deserialize(data) }) };
}

/**
 * Reads errors with the transformer of a router. The policies get a CallError of the same meaning; its cause is the
 * error as tRPC's links would give it.
 */
export function errorReader({ output }: TRPCCombinedDataTransformer): (answer: Answer) => CallError {
  return (answer) => {
    const { error: sent } = (answer.body ?? {}) as { error?: unknown };
    // A service of the mesh answers without the transformer before it knows the router, for example while it stops.
    const shape = asShape(deserialised(sent, output)) ?? asShape(sent);
    if (!shape) return answeredError(answer);
    const cause = TRPCClientError.from<AnyTRPCRouter>({ error: shape });
    return localError(codeOf(shape, answer), shape.message, { ...adviceOf(shape, answer), cause });
  };
}

/**
 * The error for the caller: what the router sent, as it is; otherwise one of the mesh. A call that the caller cancelled
 * has the reason of the signal as its cause, as with tRPC's links.
 */
export function toCallersError(
  error: unknown,
  signal: AbortSignal | null | undefined,
): TRPCClientError<AnyTRPCRouter> {
  const given = isCallError(error) ? ofCall(error, signal) : TRPCClientError.from(error as Error);
  // A client of another copy of @trpc/client, such as the CommonJS one, does not know this class. It reads an `error`
  // as it reads an answer.
  if (given.shape) Object.defineProperty(given, 'error', { value: given.shape, configurable: true });
  return given;
}

function ofCall(error: CallError, signal: AbortSignal | null | undefined): TRPCClientError<AnyTRPCRouter> {
  if (error instanceof InDoubtError) return error;
  const { meta, message, shape, data } = error;
  const sent = sentError(error);
  if (sent) {
    sent.meta = meta;
    return sent;
  }
  const reason: unknown = signal?.aborted ? signal.reason : undefined;
  if (data.code !== 'CLIENT_CLOSED_REQUEST' || !(reason instanceof Error)) return error as never;
  return new TRPCClientError(message, {
    ...(shape && { result: { error: shape } }),
    cause: reason,
    ...(meta && { meta }),
  });
}

/**
 * Whether a failed mutation may have been executed: it was sent, and no answer came. Ask the server, or repeat the call
 * with its idempotency key.
 *
 * @example
 * const order = { id: '7' };
 * try {
 *   await client.orders.create.mutate(order);
 * } catch (error) {
 *   if (isInDoubt(error)) await client.orders.get.query(order);
 *   else throw error;
 * }
 */
export function isInDoubt(error: unknown): boolean {
  const { data } = (error ?? {}) as { data?: { inDoubt?: unknown } | null };
  return data?.inDoubt === true;
}

function deserialised(sent: unknown, output: TRPCCombinedDataTransformer['output']): unknown {
  try {
    return output.deserialize(sent);
  } catch {
    return undefined;
  }
}

function asShape(value: unknown): Shape | undefined {
  const { code, message } = (value ?? {}) as Partial<Shape>;
  return typeof code === 'number' && typeof message === 'string' ? (value as Shape) : undefined;
}

/** The name of the code, else the HTTP status, else the number, which stands for several. */
function codeOf({ code: number, data }: Shape, { status }: Answer): ErrorCode {
  const { code } = (data ?? {}) as { code?: unknown };
  if (isErrorCode(code)) return code;
  return codeOfStatus.get(status) ?? codesByNumber[number] ?? 'INTERNAL_SERVER_ERROR';
}

const codesByNumber: Readonly<Record<number, ErrorCode>> = TRPC_ERROR_CODES_BY_NUMBER;

/** By HTTP status; 400 is BAD_REQUEST. */
const codeOfStatus: ReadonlyMap<number, ErrorCode> = new Map(
  Object.entries(errorCodes).map(([code, { httpStatus }]) => [httpStatus, code as ErrorCode]),
);

type Advice = Pick<ErrorData, 'retry' | 'retryAfterMs' | 'notServing' | 'requestId' | 'error'>;

/** What a service of the mesh says in its errors. Checked, because another router may mean something else by a name. */
function adviceOf({ data }: Shape, { retryAfterMs: header }: Answer): Advice {
  const { retry, retryAfterMs, notServing, requestId, error } = (data ?? {}) as Record<keyof Advice, unknown>;
  const waitMs = typeof retryAfterMs === 'number' ? retryAfterMs : header;
  return {
    ...((retry === 'safe' || retry === 'never') && { retry }),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
    ...(notServing === true && { notServing }),
    ...(typeof requestId === 'string' && { requestId }),
    ...(isNamed(error) && { error }),
  };
}

function isNamed(error: unknown): error is NamedError {
  return typeof (error as Partial<NamedError> | null | undefined)?.name === 'string';
}
