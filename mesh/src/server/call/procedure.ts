import type { TrackedEnvelope } from '@trpc/server';
import { defaultTimeoutMs, type AnyProcedure, type Caller } from '../../contract/index.ts';
import type { CallEnd, Ticket } from '../../resilience/index.ts';
import { runInScope } from '../../telemetry/index.ts';
import type { Binding } from './binding.ts';
import { BoundCall, CallScope, parseInput, presentOutput, type Later } from './bound-call.ts';
import { Deadline } from './deadline.ts';
import { claimOf } from './idempotency-claim.ts';
import type { RawCall } from './raw-call.ts';
import { subscribe } from './subscription.ts';

/** A call that has been let in: its caller is known, and its input as it was sent. */
type AdmittedCall = Readonly<{
  raw: RawCall;
  caller: Caller;
  input: unknown;
  ticket: Ticket;
  /** Since when the time that the caller gave runs. */
  arrivedAt: number;
}>;

/**
 * A procedure of a contract, bound to its handler. `call` is the road that each query and mutation takes, whichever way
 * it came in; a subscription shares its steps (`subscription.ts`).
 */
export class CompiledProcedure {
  readonly path: string;
  readonly procedure: AnyProcedure;
  readonly #bound: Binding;
  readonly #later: Later;

  constructor(bound: Binding) {
    this.path = bound.path;
    this.procedure = bound.procedure;
    this.#bound = bound;
    this.#later = (work, scope) => bound.background.run(work, { scope, procedure: bound.path });
  }

  /**
   * Runs a query or a mutation, from its rate limit to its answer.
   *
   * @returns What its output schema let through.
   * @throws MeshError TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE, UNAUTHORIZED, FORBIDDEN, BAD_REQUEST or TIMEOUT, of which
   * nothing is done; besides these whatever the handler throws.
   */
  async call(raw: RawCall): Promise<unknown> {
    const { path, limit, gate, access, observe } = this.#bound;

    // Rate limit.
    const counted = limit?.(raw);
    if (counted) await counted;

    // Capacity: a turn of the event loop.
    const arrivedAt = performance.now();
    const turn = gate.takeTurn(raw, arrivedAt);
    if (turn) await turn;

    // Identify, and read.
    const identified = access.identify(path, raw);
    const caller = identified instanceof Promise ? await identified : identified;
    const read = raw.readInput();
    const input: unknown = read instanceof Promise ? await read : read;
    const waited = identified instanceof Promise || read instanceof Promise;
    if (waited) {
      // Others that were read in the same moment have arrived as well.
      const next = gate.takeTurn(raw, performance.now());
      if (next) await next;
    }

    // Capacity: a place. Only now, so that a caller that is unknown, or sends its body slowly, keeps no others out.
    const ticket = gate.enter(turn || waited ? performance.now() : arrivedAt);
    let error: unknown;
    try {
      return await this.#handle({ raw, caller, input, ticket, arrivedAt });
    } catch (thrown) {
      error = thrown;
      throw thrown;
    } finally {
      // Observe.
      observe?.({ caller, requestId: raw.requestId, durationMs: performance.now() - arrivedAt, error });
    }
  }

  async #handle({ raw, caller, input: sent, ticket, arrivedAt }: AdmittedCall): Promise<unknown> {
    const { path, procedure, handler, gate, access } = this.#bound;
    let begun = false;
    // Not with `using`, which V8 leaves to its runtime: it costs a twentieth of a call.
    let deadline: Deadline | undefined;
    try {
      // Authorise.
      access.authorise(this, caller, raw);

      // Parse.
      const input = parseInput(procedure, sent);
      const claim = procedure.idempotent === 'by-key' ? claimOf(path, { raw, caller, input }) : undefined;

      // Deadline.
      const leftMs = (raw.timeoutMs ?? Infinity) - (ticket.at - arrivedAt);
      if (leftMs <= 0) throw gate.tooLate();
      deadline = new Deadline(Math.min(this.#longestMs(caller), leftMs), raw.signal);

      // Handle.
      const scope = new CallScope(raw, caller, deadline);
      const call = new BoundCall(raw, this.#bound, { caller, input, scope, claim, later: this.#later });
      begun = true;
      const answer = await deadline.race(
        // What begins when it is awaited, as a query of Prisma, begins within the scope as well.
        () => runInScope(scope, () => Promise.resolve(handler(call))),
        // Not when the caller is answered: a handler at work takes its place until it is done.
        (done) => gate.finish(ticket, endOf(deadline?.reason, done)),
      );
      claim?.mustBeTaken();

      // Present.
      return presentOutput(procedure, path, answer);
    } finally {
      deadline?.stop();
      if (!begun) gate.leave();
    }
  }

  /** A service has asked for an attempt and may ask again; a person asks for the whole, this one's own attempts included. */
  #longestMs({ service }: Caller): number {
    return this.procedure.timeoutMs ?? (service ? defaultTimeoutMs : this.#bound.userDeadlineMs);
  }

  /**
   * Opens a subscription.
   *
   * @returns Its events, until its handler ends it, which it must when its signal fires, or until a token of its caller
   * expires or is revoked: then UNAUTHORIZED. Other errors as for `call`; for want of capacity it is refused only with
   * TOO_MANY_REQUESTS, when its caller has as many open as one may.
   * @throws MeshError TOO_MANY_REQUESTS by the rate limit, UNAUTHORIZED
   */
  async subscribe(raw: RawCall<AbortSignal>): Promise<AsyncGenerator<TrackedEnvelope<unknown>>> {
    const { path, limit, access } = this.#bound;
    await limit?.(raw);
    const caller = await access.identify(path, raw);
    return subscribe(this.#bound, { raw, caller, later: this.#later });
  }
}

/** What a call says of the work: that it had no time left is said also of what was done after that. */
function endOf(reason: Deadline['reason'], done: boolean): CallEnd {
  if (reason?.code === 'TIMEOUT') return 'cut-off';
  if (done) return 'done';
  return reason ? 'left' : 'failed';
}
