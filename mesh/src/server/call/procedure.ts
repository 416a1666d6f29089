import { defaultTimeoutMs, type AnyProcedure, type Caller } from '../../contract/index.ts';
import type { CallEnd, Ticket } from '../../resilience/index.ts';
import { durations, remember, scopes, startupLevel, tracing } from '../../telemetry/index.ts';
import { header, sampledTraceId } from '../../wire/index.ts';
import { callerName } from '../access/access-control.ts';
import type { Binding } from './binding.ts';
import { BoundCall, CallScope, parseInput, presentOutput, readInput, type Later } from './bound-call.ts';
import { CallSpan } from './call-span.ts';
import { Deadline } from './deadline.ts';
import { toMeshError } from './failure.ts';
import { claimOf } from './idempotency-claim.ts';
import type { RawCall } from './raw-call.ts';
import { subscribe } from './subscription.ts';
import type { WireFormat } from './wire-format.ts';

const seconds = durations({
  name: 'mesh_server_call_seconds',
  help: 'Duration of calls answered by this process, in seconds, by procedure, caller and code',
  labels: ['procedure', 'caller', 'code'],
});

const secondsOf = remember((procedure) =>
  remember((caller) => remember((code) => seconds.labels({ procedure, caller, code }))),
);

/** Calls that take this long or longer are logged, in milliseconds. */
const slowMs = 1000;

/** An admitted call: its caller is known, its input not yet parsed. */
type AdmittedCall = Readonly<{
  raw: RawCall;
  caller: Caller;
  input: unknown;
  ticket: Ticket;
  /** Of a traced call. */
  span: CallSpan | undefined;
  /** `raw.timeoutMs` counts from here. */
  arrivedAt: number;
}>;

/** A procedure bound to its handler. Every transport runs queries and mutations through `call`. */
export class CompiledProcedure {
  readonly path: string;
  readonly procedure: AnyProcedure;
  readonly format: WireFormat | undefined;
  readonly #bound: Binding;
  readonly #later: Later;
  readonly #seconds: ReturnType<typeof secondsOf>;

  constructor(bound: Binding) {
    this.path = bound.path;
    this.procedure = bound.procedure;
    this.format = bound.format;
    this.#bound = bound;
    this.#seconds = secondsOf(bound.path);
    this.#later = (work, scope) => bound.background.run(work, { scope, procedure: bound.path });
  }

  /**
   * Runs a query or a mutation and returns its validated output.
   *
   * @throws MeshError TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE, UNAUTHORIZED, FORBIDDEN, BAD_REQUEST or TIMEOUT before the
   * handler starts; TIMEOUT or CLIENT_CLOSED_REQUEST while it runs; and anything the handler throws.
   */
  call(raw: RawCall): Promise<unknown> {
    const { tracer } = tracing;
    const span = tracer && CallSpan.start(tracer, this.#bound, raw);
    const answer = span ? this.#traced(raw, span) : this.#call(raw, undefined);
    const { tap } = this.#bound;
    if (tap?.listening) tap.follow(this.#bound, raw, answer);
    return answer;
  }

  async #call(raw: RawCall, span: CallSpan | undefined): Promise<unknown> {
    const { path, limit, gate, access } = this.#bound;

    const counted = limit?.(raw);
    if (counted) await counted;

    // Capacity: a turn of the event loop.
    const arrivedAt = performance.now();
    const turn = gate.takeTurn(raw, arrivedAt);
    if (turn) await turn;

    const identified = access.identify(path, raw);
    const caller = identified instanceof Promise ? await identified : identified;
    if (span) span.caller = caller;
    const read = readInput(this.#bound, raw);
    const input: unknown = read instanceof Promise ? await read : read;
    const waited = identified instanceof Promise || read instanceof Promise;
    if (waited) {
      // Calls read in the same turn have arrived by now as well.
      const next = gate.takeTurn(raw, performance.now());
      if (next) await next;
    }

    // Capacity: a slot. Only now, so that unknown callers and slow bodies hold none.
    const ticket = gate.enter(turn || waited ? performance.now() : arrivedAt);
    let error: unknown;
    let output: unknown;
    try {
      return (output = await this.#handle({ raw, caller, input, ticket, arrivedAt, span }));
    } catch (thrown) {
      error = thrown;
      throw thrown;
    } finally {
      this.#observe(raw, { caller, input, output, span, arrivedAt, error });
    }
  }

  async #handle({ raw, caller, input: sent, ticket, arrivedAt, span }: AdmittedCall): Promise<unknown> {
    const { path, procedure, handler, gate, access } = this.#bound;
    let begun = false;
    // Not `using`, which V8 does not optimise: it costs 5 % of a call.
    let deadline: Deadline | undefined;
    try {
      access.authorise(this, caller, raw);

      const input = parseInput(procedure, sent);
      const claim = procedure.idempotent === 'by-key' ? claimOf(path, { raw, caller, input }) : undefined;

      const leftMs = (raw.timeoutMs ?? Infinity) - (ticket.at - arrivedAt);
      if (leftMs <= 0) throw gate.tooLate();
      deadline = new Deadline(Math.min(this.#longestMs(caller), leftMs), raw.signal);

      const scope = new CallScope({ raw, caller, span: span?.span }, deadline);
      const call = new BoundCall(raw, this.#bound, { caller, input, scope, claim, later: this.#later });
      begun = true;
      const answer = await deadline.race(
        // `resolve` starts lazy work, such as a Prisma query, within the scope.
        () => scopes.run(scope, () => Promise.resolve(handler(call))),
        // A handler holds its slot until it is done, even after the caller got a TIMEOUT.
        (done) => gate.finish(ticket, endOf(deadline?.reason, done)),
      );
      claim?.mustBeTaken();

      return presentOutput(procedure, path, answer);
    } finally {
      deadline?.stop();
      if (!begun) gate.leave();
    }
  }

  /** Measures a call, shows it to those who watch, and logs it if it was slow. */
  #observe(
    raw: RawCall,
    ended: Omit<AdmittedCall, 'raw' | 'ticket'> & { output: unknown; error: unknown },
  ): void {
    const { caller, input, output, span, arrivedAt, error } = ended;
    const { path, classify, log, tap } = this.#bound;
    const durationMs = performance.now() - arrivedAt;
    const code = error === undefined ? 'OK' : toMeshError(error, classify).code;
    const traceId = span ? span.span.context.traceId : givenTraceId(raw);
    this.#seconds(callerName(caller))(code).observe(durationMs / 1000, traceId);
    if (tap?.listening) tap.add(this.#bound, { raw, caller, traceId, durationMs, error, input, output });
    if (durationMs < slowMs || error !== undefined) return;
    const fields = { procedure: path, request_id: raw.requestId, duration_ms: Math.round(durationMs) };
    // The first calls of a process load code and open connections.
    log[startupLevel('debug')](fields, 'a call was slow');
  }

  /** A service makes one of several attempts; any other caller waits for the whole call, retries made here included. */
  #longestMs({ service }: Caller): number {
    return this.procedure.timeoutMs ?? (service ? defaultTimeoutMs : this.#bound.userDeadlineMs);
  }

  /**
   * Opens a subscription.
   *
   * @returns Its events: `tracked`, where a contract asks for it. They fail as `call` does, with UNAUTHORIZED also when a token of the caller expires or is
   * revoked, and for lack of capacity only with TOO_MANY_REQUESTS, if the caller has too many subscriptions open.
   * @throws MeshError TOO_MANY_REQUESTS by the rate limit, UNAUTHORIZED
   */
  async subscribe(raw: RawCall<AbortSignal>): Promise<AsyncGenerator> {
    const { path, limit, access, tap } = this.#bound;
    const { tracer } = tracing;
    const span = tracer && CallSpan.start(tracer, this.#bound, raw);
    try {
      await limit?.(raw);
      const caller = await access.identify(path, raw);
      if (span) span.caller = caller;
      return await subscribe(this.#bound, { raw, caller, span, later: this.#later });
    } catch (thrown) {
      span?.fail(thrown);
      if (tap?.listening) tap.follow(this.#bound, raw, Promise.reject(thrown));
      throw thrown;
    }
  }

  async #traced(raw: RawCall, span: CallSpan): Promise<unknown> {
    try {
      const answer = await this.#call(raw, span);
      span.succeed();
      return answer;
    } catch (thrown) {
      span.fail(thrown);
      throw thrown;
    }
  }
}

/** How a call ended, for the concurrency limit. Work that finishes after its deadline counts as cut off. */
function endOf(reason: Deadline['reason'], done: boolean): CallEnd {
  if (reason?.code === 'TIMEOUT') return 'cut-off';
  if (done) return 'done';
  return reason ? 'left' : 'failed';
}

/** The trace that the caller records, while this process records none. */
function givenTraceId(raw: RawCall): string | undefined {
  const traceparent = raw.header(header.traceparent);
  return traceparent === undefined ? undefined : sampledTraceId(traceparent);
}
