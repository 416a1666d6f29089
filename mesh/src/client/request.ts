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
