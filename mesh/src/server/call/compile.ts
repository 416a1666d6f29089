import { isTrackedEnvelope, tracked, type TrackedEnvelope } from '@trpc/server';
import type { z } from 'zod';
import {
  defaultTimeoutMs,
  entriesOf,
  errorFactories,
  type AnyContract,
  type AnyProcedure,
  type Caller,
} from '../../contract/index.ts';
import type { CallEnd, Ticket } from '../../resilience/index.ts';
import { runInScope, type Logger } from '../../telemetry/index.ts';
import { MeshError, type TraceContext } from '../../wire/index.ts';
import { AccessControl } from '../access/access-control.ts';
import { Admission } from '../limits/admission.ts';
import type { Gate } from '../limits/gate.ts';
import { Background } from './background.ts';
import { BoundCall, CallScope, type Later } from './call-scope.ts';
import { Deadline, type CallerSignal } from './deadline.ts';
import type { Peer } from './peer.ts';
import { startExpiry, type Revocations } from './expiry.ts';
import type { CallLimit, RateLimits } from '../limits/rate-limits.ts';
import type { Call, Handlers } from './handler.ts';
import { claimOf } from './idempotency-claim.ts';

/**
 * One call as it comes off the wire: nothing in it is trusted but the caller, who was authenticated. Where it has
 * `arrive`, caller and input are there when that is done, and not before.
 */
export interface Invocation<Signal extends CallerSignal = CallerSignal> {
  /** Finds out who calls, and with what input, of a call whose turn it is; a promise only where that takes a while. */
  arrive?(): Promise<void> | undefined;
  readonly input: unknown;
  readonly caller: Caller;
  /** The access token of the user in `caller`, for the calls that the handler makes for them. */
  readonly userToken?: string | undefined;
  readonly requestId: string;
  /** The trace that the call is part of, if it is part of one. */
  readonly trace: TraceContext | undefined;
  /** How long the caller will still wait, in milliseconds, where it said so. */
  readonly timeoutMs: number | undefined;
  /** What the caller sent as the name of this piece of work; looked at where the procedure is `by-key`. */
  readonly idempotencyKey: string | undefined;
  /** Fires when the caller goes away. */
  readonly signal: Signal | undefined;
  /** Where it comes from. @default unknown */
  readonly peer?: Peer | undefined;
  /** What other calls came over too: connections take turns where calls have to wait. @default one of its own */
  readonly connection?: object | undefined;
}

/** A procedure of a contract bound to its handler: authorise, parse, handle, present. */
export interface CompiledProcedure {
  readonly path: string;
  readonly procedure: AnyProcedure;
  /** What each call of it goes through first, whichever way it came in. @default no limit */
  readonly limit: CallLimit | undefined;
  /**
   * Finds out who makes a call, of a call that has not arrived; `call` does it by itself.
   *
   * @throws MeshError UNAUTHORIZED for credentials that are no good.
   */
  arrive(invocation: Invocation): Promise<void> | undefined;
  /**
   * Lets a query or a mutation in, runs it, and answers with what its output schema let through. A refusal for want of
   * capacity comes before anything else where that is known then, or when the call has arrived; of what is refused
   * nothing is done.
   *
   * @throws MeshError SERVICE_UNAVAILABLE, UNAUTHORIZED, FORBIDDEN, BAD_REQUEST or TIMEOUT; besides these whatever the
   * handler throws.
   */
  call(invocation: Invocation): Promise<unknown>;
  /**
   * Runs a subscription until its handler ends it, which it must when its signal fires, or until a token of its caller
   * expires or is revoked: then UNAUTHORIZED. Other errors as for `call`; for want of capacity it is refused only while the event loop
   * is held up, or with TOO_MANY_REQUESTS when its caller has as many open as one may.
   */
  subscribe(invocation: Invocation<AbortSignal>): AsyncGenerator<TrackedEnvelope<unknown>>;
}

type AnyHandler = (call: Call<AnyProcedure>) => unknown;

/** What compiled procedures need besides their handlers. */
export interface CompileOptions {
  log: Logger;
  /** Makes, for each procedure, what is told of its calls when they are over. @default nobody is told */
  observe?: ((path: string) => (call: FinishedCall) => void) | undefined;
  /** Longest time for a person's request, in milliseconds, where the contract names none. @default 10000 */
  userDeadlineMs?: number | undefined;
  /** What decides about access. @default rules are enforced, and nobody is told of denials */
  access?: AccessControl | undefined;
  /** Takes work that goes on when a call is answered. @default its own, which nobody waits for */
  background?: Background | undefined;
  /** What ends subscriptions whose token was revoked. @default nothing does */
  revocations?: Revocations | undefined;
  /** What lets calls in. @default one that does not look at the event loop */
  admission?: Admission | undefined;
  /** What counts calls by address. @default nobody counts them */
  limits?: RateLimits | undefined;
}

/** A query or a mutation that is over. */
export interface FinishedCall {
  readonly caller: Caller;
  readonly requestId: string;
  /** Since it arrived, in milliseconds. */
  readonly durationMs: number;
  /** What it failed with, as the handler threw it. */
  readonly error: unknown;
}

/**
 * Binds every procedure of a contract to its handler, once, at start. What it
 * returns is the only implementation of the rules; every way into the service
 * goes through it.
 *
 * @throws TypeError naming the procedures that have no handler.
 */
export function compile<From extends AnyContract>(
  from: From,
  handlers: Handlers<From>,
  options: CompileOptions,
): readonly CompiledProcedure[] {
  const { log, observe, userDeadlineMs = 10_000, revocations } = options;
  const { admission = new Admission(from.name, log), background = new Background(log) } = options;
  const { access = new AccessControl({ log }) } = options;
  const entries = entriesOf(from);
  const missing = entries
    .map(({ path }) => path)
    .filter((path) => typeof handlerAt(handlers, path) !== 'function');
  if (missing.length > 0) throw new TypeError(`${from.name}: no handler for ${missing.join(', ')}`);
  return entries.map(({ path, procedure }) => {
    const handler = handlerAt(handlers, path) as AnyHandler;
    return compileProcedure({
      path,
      procedure,
      handler,
      log: log.child({ procedure: path }),
      onCall: observe?.(path),
      userDeadlineMs,
      background,
      access,
      gate: admission.gateOf(path, procedure),
      revocations,
      limit: options.limits?.ofProcedure(path, procedure),
    });
  });
}

function handlerAt(handlers: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((node, key) => (node as Record<string, unknown> | undefined)?.[key], handlers);
}

/** A procedure, its handler, and what is the same for all of its calls. */
interface Bound {
  readonly path: string;
  readonly procedure: AnyProcedure;
  readonly handler: AnyHandler;
  readonly log: Logger;
  readonly onCall: ((call: FinishedCall) => void) | undefined;
  readonly userDeadlineMs: number;
  readonly background: Background;
  readonly access: AccessControl;
  readonly gate: Gate;
  readonly revocations: Revocations | undefined;
  readonly limit: CallLimit | undefined;
}

function compileProcedure(bound: Bound): CompiledProcedure {
  const { path, procedure, handler, log, onCall, userDeadlineMs, background, access, gate, revocations } =
    bound;
  // One set for all calls: the factories hold no state.
  const errors = errorFactories(procedure.errors);

  const later: Later = (work, scope) => background.run(work, { scope, procedure: path });

  /** @param arrivedAt Since when the time runs that the caller gave. */
  const run = async (invocation: Invocation, ticket: Ticket, arrivedAt: number): Promise<unknown> => {
    let begun = false;
    try {
      access.authorise(procedure.access, path, invocation);
      const input = parseInput(procedure, invocation.input);
      const claim = procedure.idempotent === 'by-key' ? claimOf(path, invocation, input) : undefined;
      const leftMs = (invocation.timeoutMs ?? Infinity) - (ticket.at - arrivedAt);
      if (leftMs <= 0) throw gate.tooLate();
      // A service has asked for an attempt and may ask again; a person asks for the whole, this one's own attempts included.
      const usualMs = invocation.caller.service ? defaultTimeoutMs : userDeadlineMs;
      const longestMs = procedure.timeoutMs ?? usualMs;
      using deadline = new Deadline(Math.min(longestMs, leftMs), invocation.signal);
      const scope = new CallScope(invocation, deadline);
      const call = new BoundCall(invocation, { input, errors, log, scope, claim, later });
      begun = true;
      const answer = await deadline.race(
        // What begins when it is awaited, as a query of Prisma, begins within the scope as well.
        () => runInScope(scope, () => Promise.resolve(handler(call))),
        // Not when the caller is answered: a handler at work takes its place until it is done.
        (done) => gate.finish(ticket, endOf(deadline, done)),
      );
      claim?.mustBeTaken();
      return present(procedure, path, answer);
    } finally {
      if (!begun) gate.leave();
    }
  };

  return {
    path,
    procedure,
    limit: bound.limit,

    arrive: (invocation) => access.arrive(path, invocation),

    async call(invocation) {
      const arrivedAt = performance.now();
      const turn = gate.takeTurn(invocation, arrivedAt);
      if (turn) await turn;
      const arriving = access.arrive(path, invocation);
      if (arriving) {
        await arriving;
        // Others that were read in the same moment have arrived as well.
        const next = gate.takeTurn(invocation, performance.now());
        if (next) await next;
      }
      // Only now: somebody who sends a body slowly, or nobody that is known, is not to keep others out.
      const ticket = gate.enter(turn || arriving ? performance.now() : arrivedAt);
      let error: unknown;
      try {
        return await run(invocation, ticket, arrivedAt);
      } catch (thrown) {
        error = thrown;
        throw thrown;
      } finally {
        const { caller, requestId } = invocation;
        onCall?.({ caller, requestId, durationMs: performance.now() - arrivedAt, error });
      }
    },

    async *subscribe(invocation) {
      gate.open();
      access.authorise(procedure.access, path, invocation);
      using _counted = gate.subscribe(invocation);
      const input = parseInput(procedure, invocation.input);
      using expiry = startExpiry(invocation.caller, { gone: invocation.signal, revocations });
      const unlimited = { at: Infinity, signal: expiry.signal };
      const scope = new CallScope(invocation, unlimited);
      const call = new BoundCall(invocation, { input, errors, log, scope, claim: undefined, later });
      const events = handler(call) as AsyncIterable<unknown>;
      const iterator = runInScope(scope, () => events[Symbol.asyncIterator]());
      try {
        for (;;) {
          const next = await runInScope(scope, () => iterator.next());
          // What a handler has to tell that did not look at its signal is for nobody any more.
          if (next.done || expiry.refusal) break;
          if (!isTrackedEnvelope(next.value))
            throw new TypeError(`${path} yielded what is not tracked(id, event)`);
          const [id, event] = next.value;
          yield tracked(id, present(procedure, path, event));
        }
      } catch (error) {
        // What a handler throws because its signal fired is how it ends.
        if (!expiry.refusal) throw error;
      } finally {
        await iterator.return?.();
      }
      if (expiry.refusal) throw expiry.refusal;
    },
  };
}

/** What a call says of the work: that it had no time left is said also of what was done after that. */
function endOf({ reason }: Deadline, done: boolean): CallEnd {
  if (reason?.code === 'TIMEOUT') return 'cut-off';
  if (done) return 'done';
  return reason ? 'left' : 'failed';
}

function parseInput({ input }: AnyProcedure, raw: unknown): unknown {
  const parsed = input.safeParse(raw);
  if (parsed.success) return parsed.data;
  if (input.type === 'void' && isEmpty(raw)) return undefined;
  throw new MeshError('BAD_REQUEST', 'The input does not fit the contract', {
    issues: issuesOf(parsed.error),
  });
}

/** Whether a body says, as many clients do, that there is no input. */
function isEmpty(raw: unknown): boolean {
  return raw === null || (typeof raw === 'object' && !Array.isArray(raw) && Object.keys(raw).length === 0);
}

/** The first few issues: an input wrong in a thousand places must not make an answer of a thousand lines. */
function issuesOf(error: z.ZodError): { path: (string | number)[]; message: string }[] {
  return error.issues.slice(0, 10).map(({ path, message }) => ({
    path: path.map((key) => (typeof key === 'symbol' ? String(key) : key)),
    message,
  }));
}

function present({ output }: AnyProcedure, path: string, answer: unknown): unknown {
  const parsed = output.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new Error(`${path} answered what its contract does not allow`, { cause: parsed.error });
}
