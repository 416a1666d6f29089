import { currentScope } from '../telemetry/index.ts';
import { formatTraceparent, header, type TraceContext } from '../wire/index.ts';
import type { Cancellation } from './gone.ts';
import type { Target } from './target.ts';

/** Message of one attempt at a query or a mutation, sent by one transport, once. */
export class Request {
  /** Procedure, such as `pages.get`. */
  readonly path: string;
  readonly kind: 'query' | 'mutation';
  readonly input: unknown;
  /** `authorization` header; an open connection may have sent it already. */
  readonly authorization: string | undefined;
  /** Other headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly startedAt: number;
  /** Set by the transport, to be called on cancellation. */
  onCancel: (() => void) | undefined;
  cancelled = false;
  /** Whether the server may have received it: set by the transport before the first byte. */
  sent = false;

  constructor(
    sent: Pick<Request, 'path' | 'kind' | 'input' | 'authorization' | 'headers'>,
    startedAt: number = performance.now(),
  ) {
    this.path = sent.path;
    this.kind = sent.kind;
    this.input = sent.input;
    this.authorization = sent.authorization;
    this.headers = sent.headers;
    this.startedAt = startedAt;
  }

  /**
   * Called by a transport before it sends, if it knows the contract of the process that it would send to.
   *
   * @throws CallError CONTRACT_MISMATCH
   */
  mustFit(_contract: string | undefined): void {}

  /** Hashes of the contracts that it does not fit, for `x-contract-unless`; `undefined` if none is known. */
  unfit(): string | undefined {
    return undefined;
  }

  cancel(): void {
    this.cancelled = true;
    this.onCancel?.();
  }
}

/** Options of one call. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /**
   * Access token of the user that the calling service acts for. @default the token of the handler's user, if the
   * procedure's access rule requires a user behind the service; otherwise none
   */
  userToken?: string | undefined;
  /** Idempotency key of a mutation whose contract requires one. @default a random one per call */
  idempotencyKey?: string | undefined;
  /** Longest wait for the call, retries included, in milliseconds. @default the client's */
  deadlineMs?: number | undefined;
  /**
   * Whether the caller itself repeats the call until it succeeds, and logs the outage: then it is not retried here,
   * and its failures are debug lines. @default false
   */
  repeated?: boolean | undefined;
}

/** Options, and what interceptors and links add. */
export type InterceptedOptions = CallOptions &
  Readonly<{
    headers?: Readonly<Record<string, string>> | undefined;
    /** The `authorization` header. @default the client's */
    authorization?: string | undefined;
    /** Ends the call, as `signal` does. @default never */
    cancellation?: Cancellation | undefined;
  }>;

type HeaderTarget = Pick<Target, 'needsUser'> & { procedure: Pick<Target['procedure'], 'idempotent'> };

/**
 * Headers of a call, except `authorization`. A call by a handler continues the trace and the request id of the
 * handler.
 *
 * @param trace The trace that it is part of. @default the handler's
 */
export function headersOf(
  { userToken, idempotencyKey, headers: added }: InterceptedOptions,
  { needsUser, procedure: { idempotent } }: HeaderTarget,
  trace?: TraceContext,
): Record<string, string> {
  const scope = currentScope();
  const parent = trace ?? scope?.trace;
  const headers: Record<string, string> = {
    ...added,
    [header.requestId]: scope?.requestId ?? added?.[header.requestId] ?? crypto.randomUUID(),
  };
  const behind = userToken ?? (needsUser ? scope?.userToken : undefined);
  if (behind !== undefined) headers[header.userToken] = behind;
  if (idempotent === 'by-key') headers[header.idempotencyKey] = idempotencyKey ?? crypto.randomUUID();
  if (parent) {
    headers[header.traceparent] = formatTraceparent(parent);
    if (parent.tracestate !== undefined) headers[header.tracestate] = parent.tracestate;
  }
  return headers;
}
