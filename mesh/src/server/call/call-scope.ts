import type { AnyProcedure } from '../../contract/index.ts';
import type { Logger, Scope } from '../../telemetry/index.ts';
import { childOf, type TraceContext } from '../../wire/index.ts';
import type { Invocation } from './compile.ts';
import type { Call } from './handler.ts';
import type { IdempotencyClaim } from './idempotency-claim.ts';
import { unknownPeer, type Peer } from './peer.ts';

/** When a call ends at the latest, and the signal that says so. */
type End = Readonly<{ at: number; signal: AbortSignal }>;

/**
 * What a call carries on to those that its handler makes. Trace, signal and the
 * user's token are made when first asked for: most handlers make no calls.
 */
export class CallScope implements Scope {
  readonly requestId: string;
  readonly deadline: number;
  readonly #end: End;
  readonly #invocation: Invocation;
  #trace: TraceContext | undefined;

  constructor(invocation: Invocation, end: End) {
    this.requestId = invocation.requestId;
    this.deadline = end.at;
    this.#end = end;
    this.#invocation = invocation;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get userToken(): string | undefined {
    const { caller, userToken } = this.#invocation;
    return caller.user && userToken;
  }

  get trace(): TraceContext | undefined {
    const parent = this.#trace ? undefined : this.#invocation.trace;
    if (parent) this.#trace = childOf(parent);
    return this.#trace;
  }
}

/** Takes work that goes on when the call that it came from is answered. */
export type Later = (work: () => Promise<unknown>, scope: CallScope) => void;

/** A call as its handler gets it; what few handlers look at is made when first asked for. */
export class BoundCall implements Call<AnyProcedure> {
  readonly input: unknown;
  readonly caller: Call<AnyProcedure>['caller'];
  readonly errors: Call<AnyProcedure>['errors'];
  readonly requestId: string;
  readonly claim: IdempotencyClaim | undefined;
  readonly #invocation: Invocation;
  readonly #scope: CallScope;
  readonly #log: Logger;
  readonly #later: Later;

  constructor(
    invocation: Invocation,
    bound: Pick<BoundCall, 'input' | 'errors' | 'log' | 'claim'> & { scope: CallScope; later: Later },
  ) {
    this.input = bound.input;
    this.caller = invocation.caller;
    this.errors = bound.errors;
    this.requestId = invocation.requestId;
    this.#invocation = invocation;
    this.claim = bound.claim;
    this.#scope = bound.scope;
    this.#log = bound.log;
    this.#later = bound.later;
  }

  get peer(): Peer {
    return this.#invocation.peer ?? unknownPeer;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  get log(): Logger {
    return this.#log.child({ request_id: this.requestId });
  }

  get inBackground(): (work: () => Promise<unknown>) => void {
    return (work) => this.#later(work, this.#scope);
  }
}
