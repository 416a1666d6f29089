import type { AnyProcedure, Caller } from '../../contract/index.ts';
import type { Logger, Scope } from '../../telemetry/index.ts';
import { childOf, type TraceContext } from '../../wire/index.ts';
import type { Call } from './handler.ts';
import type { IdempotencyClaim } from './idempotency-claim.ts';
import { unknownPeer, type Peer } from './peer.ts';
import type { RawCall } from './raw-call.ts';

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
  readonly #raw: RawCall;
  readonly #caller: Caller;
  #trace: TraceContext | undefined;

  constructor(raw: RawCall, caller: Caller, end: End) {
    this.requestId = raw.requestId;
    this.deadline = end.at;
    this.#end = end;
    this.#raw = raw;
    this.#caller = caller;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get userToken(): string | undefined {
    return this.#caller.user && this.#raw.userToken;
  }

  get trace(): TraceContext | undefined {
    const parent = this.#trace ? undefined : this.#raw.trace;
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
  readonly #raw: RawCall;
  readonly #scope: CallScope;
  readonly #log: Logger;
  readonly #later: Later;

  constructor(
    raw: RawCall,
    bound: Pick<BoundCall, 'input' | 'errors' | 'log' | 'claim'> & {
      caller: Caller;
      scope: CallScope;
      later: Later;
    },
  ) {
    this.input = bound.input;
    this.caller = bound.caller;
    this.errors = bound.errors;
    this.requestId = raw.requestId;
    this.#raw = raw;
    this.claim = bound.claim;
    this.#scope = bound.scope;
    this.#log = bound.log;
    this.#later = bound.later;
  }

  get peer(): Peer {
    return this.#raw.peer ?? unknownPeer;
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
