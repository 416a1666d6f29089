import { currentScope } from '../telemetry/index.ts';
import { formatTraceparent, header } from '../wire/index.ts';
import type { Target } from './target.ts';

/** What one attempt at a query or a mutation sends: the bytes that one transport carries, once. */
export class Request {
  /** As `pages.get`. */
  readonly path: string;
  readonly kind: 'query' | 'mutation';
  readonly input: unknown;
  /** Who calls, as the header says it; a connection may have said it already. */
  readonly authorization: string | undefined;
  /** What else goes with it, by the names of headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly startedAt: number;
  /** What the transport that carries it does when nobody waits for it any more. */
  onCancel: (() => void) | undefined;
  cancelled = false;
  /** Whether the server may have seen it: what carries it says so before the first byte leaves. */
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

  /** Ends it: its answer is of no use any more. */
  cancel(): void {
    this.cancelled = true;
    this.onCancel?.();
  }
}

/** What one call may bring of its own, beside its input. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /**
   * The access token of the user that the calling service acts for. @default in a handler, that of the user it serves,
   * where the procedure's access rule wants a user behind the service; none elsewhere
   */
  userToken?: string | undefined;
  /** Names the piece of work, for a mutation whose contract asks for a key. @default one of its own for each call */
  idempotencyKey?: string | undefined;
  /** Longest wait for the call, retries and their waits included, in milliseconds. @default the client's */
  deadlineMs?: number | undefined;
  /**
   * Whether its caller makes it again by itself for as long as it fails, as what asks each second does, and says that it
   * fails: then it is not made again here, and its failures are in the log for those who look for them. @default false
   */
  repeated?: boolean | undefined;
}

/** The same, and the headers that interceptors have added. */
export type InterceptedOptions = CallOptions &
  Readonly<{ headers?: Readonly<Record<string, string>> | undefined }>;

/** What the headers of a call depend on. */
type HeaderTarget = Pick<Target, 'needsUser'> & { procedure: Pick<Target['procedure'], 'idempotent'> };

/**
 * The headers of a call besides who makes it: for whom, and as part of which
 * request. A call made by a handler carries on the trace and the id of the
 * handler's own.
 */
export function headersOf(
  { userToken, idempotencyKey, headers: added }: InterceptedOptions,
  { needsUser, procedure: { idempotent } }: HeaderTarget,
): Record<string, string> {
  const scope = currentScope();
  const headers: Record<string, string> = {
    ...added,
    [header.requestId]: scope?.requestId ?? crypto.randomUUID(),
  };
  const behind = userToken ?? (needsUser ? scope?.userToken : undefined);
  if (behind !== undefined) headers[header.userToken] = behind;
  if (idempotent === 'by-key') headers[header.idempotencyKey] = idempotencyKey ?? crypto.randomUUID();
  const trace = scope?.trace;
  if (trace) {
    headers[header.traceparent] = formatTraceparent(trace);
    if (trace.tracestate !== undefined) headers[header.tracestate] = trace.tracestate;
  }
  return headers;
}
