import type { z } from 'zod';
import type { AnyProcedure, Caller, ProcedureKind } from '../../contract/index.ts';
import type { Logger, Scope } from '../../telemetry/index.ts';
import { childOf, header, MeshError, type TraceContext } from '../../wire/index.ts';
import type { Binding } from './binding.ts';
import type { InterceptedCall } from './interceptor.ts';
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

/** What proves who calls is read by `identify` alone. */
const credentialHeaders: ReadonlySet<string> = new Set([header.authorization, header.userToken]);

/** What one call brings to its handler. */
type Own = Readonly<{
  caller: Caller;
  input: unknown;
  scope: CallScope;
  claim?: IdempotencyClaim | undefined;
  later: Later;
}>;

/** A call as its handler gets it; what few handlers look at is made when first asked for. */
export class BoundCall implements InterceptedCall {
  readonly input: unknown;
  readonly caller: InterceptedCall['caller'];
  readonly requestId: string;
  readonly claim: IdempotencyClaim | undefined;
  readonly #raw: RawCall;
  readonly #bound: Binding;
  readonly #scope: CallScope;
  readonly #later: Later;

  constructor(raw: RawCall, bound: Binding, { caller, input, scope, claim, later }: Own) {
    this.input = input;
    this.caller = caller;
    this.requestId = raw.requestId;
    this.claim = claim;
    this.#raw = raw;
    this.#bound = bound;
    this.#scope = scope;
    this.#later = later;
  }

  get path(): string {
    return this.#bound.path;
  }

  get kind(): ProcedureKind {
    return this.#bound.procedure.kind;
  }

  get errors(): InterceptedCall['errors'] {
    return this.#bound.errors;
  }

  get peer(): Peer {
    return this.#raw.peer ?? unknownPeer;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  get header(): (name: string) => string | undefined {
    return (name) => (credentialHeaders.has(name) ? undefined : this.#raw.header(name));
  }

  get log(): Logger {
    return this.#bound.log.child({ request_id: this.requestId });
  }

  get inBackground(): (work: () => Promise<unknown>) => void {
    return (work) => this.#later(work, this.#scope);
  }
}

/** At most this many issues are answered: an input that is wrong in a thousand places must not make an answer of a thousand lines. */
const mostIssues = 10;

/** Checks an input against its contract. @throws MeshError BAD_REQUEST, with the issues. */
export function parseInput({ input }: AnyProcedure, raw: unknown): unknown {
  const parsed = input.safeParse(raw);
  if (parsed.success) return parsed.data;
  if (input.type === 'void' && isEmpty(raw)) return undefined;
  throw new MeshError('BAD_REQUEST', 'The input does not match the contract', {
    issues: issuesOf(parsed.error),
  });
}

/** Whether a body says, as many clients do, that there is no input. */
function isEmpty(raw: unknown): boolean {
  return raw === null || (typeof raw === 'object' && !Array.isArray(raw) && Object.keys(raw).length === 0);
}

function issuesOf(error: z.ZodError): { path: (string | number)[]; message: string }[] {
  return error.issues.slice(0, mostIssues).map(({ path, message }) => ({
    path: path.map((key) => (typeof key === 'symbol' ? String(key) : key)),
    message,
  }));
}

/** Checks an answer, or an event, against its contract. @throws Error where it does not fit, which is a defect of the handler. */
export function presentOutput({ output }: AnyProcedure, path: string, answer: unknown): unknown {
  const parsed = output.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new Error(`the answer of ${path} does not match its contract`, { cause: parsed.error });
}
