import type { z } from 'zod';
import type { AnyProcedure, Caller, ProcedureKind } from '../../contract/index.ts';
import type { Logger, Scope, Span } from '../../telemetry/index.ts';
import { header, MeshError, type TraceContext } from '../../wire/index.ts';
import type { Binding } from './binding.ts';
import type { InterceptedCall } from './interceptor.ts';
import type { IdempotencyClaim } from './idempotency-claim.ts';
import { unknownPeer, type Peer } from './peer.ts';
import type { RawCall } from './raw-call.ts';

/** The call that a scope is of. */
export type CalledBy = Readonly<{ raw: RawCall; caller: Caller; span: Span | undefined }>;

type End = Readonly<{ at: number; signal: AbortSignal }>;

/** What a call passes on to the calls its handler makes. Built lazily: most handlers make none. */
export class CallScope implements Scope {
  readonly requestId: string;
  readonly deadline: number;
  span: Span | undefined;
  readonly #end: End;
  readonly #raw: RawCall;
  readonly #caller: Caller;
  #trace: TraceContext | undefined;

  constructor({ raw, caller, span }: CalledBy, end: End) {
    this.requestId = raw.requestId;
    this.deadline = end.at;
    this.span = span;
    this.#trace = span?.context;
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
    this.#trace ??= this.#raw.trace;
    return this.#trace;
  }
}

/** Runs work that outlives its call. */
export type Later = (work: () => Promise<unknown>, scope: CallScope) => void;

/** Handlers do not see these; only `identify` reads them. */
const credentialHeaders: ReadonlySet<string> = new Set([header.authorization, header.userToken]);

type Own = Readonly<{
  caller: Caller;
  input: unknown;
  scope: CallScope;
  claim?: IdempotencyClaim | undefined;
  later: Later;
}>;

/** A call as its handler gets it. What few handlers use is built lazily. */
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

  /** For the handler of a tRPC router. */
  get raw(): RawCall {
    return this.#raw;
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

/** Reads an input, of which a tRPC router validates what its procedure reads. @throws MeshError as `RawCall.readInput` */
export function readInput({ format }: Binding, raw: RawCall): unknown {
  return format ? format.readInput(raw) : raw.readInput();
}

/** Most issues in one answer. */
const mostIssues = 10;

/** Validates an input. @throws MeshError BAD_REQUEST, with up to `mostIssues` issues. */
export function parseInput({ input, kind }: AnyProcedure, raw: unknown): unknown {
  const parsed = input.safeParse(raw);
  if (parsed.success) return parsed.data;
  if (input.type === 'void' && isEmpty(raw, kind)) return undefined;
  throw new MeshError('BAD_REQUEST', 'The input does not match the contract', {
    issues: issuesOf(parsed.error),
  });
}

/** Many clients send `null` or `{}` for no input; to a subscription that reconnects, tRPC adds `lastEventId`. */
function isEmpty(raw: unknown, kind: AnyProcedure['kind']): boolean {
  if (typeof raw !== 'object' || Array.isArray(raw)) return false;
  const names = Object.keys(raw ?? {});
  return names.length === 0 || (kind === 'subscription' && names.length === 1 && names[0] === 'lastEventId');
}

function issuesOf(error: z.ZodError): { path: (string | number)[]; message: string }[] {
  return error.issues.slice(0, mostIssues).map(({ path, message }) => ({
    path: path.map((key) => (typeof key === 'symbol' ? String(key) : key)),
    message,
  }));
}

/** Validates an answer or an event. @throws Error on a mismatch, which is a bug in the handler. */
export function presentOutput({ output }: AnyProcedure, path: string, answer: unknown): unknown {
  const parsed = output.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new Error(`the answer of ${path} does not match its contract`, { cause: parsed.error });
}
