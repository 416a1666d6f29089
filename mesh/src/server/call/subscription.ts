import { isTrackedEnvelope, tracked } from '@trpc/server';
import type { Caller } from '../../contract/index.ts';
import { scopes } from '../../telemetry/index.ts';
import type { Tap } from '../tap/tap.ts';
import type { Binding } from './binding.ts';
import { BoundCall, CallScope, parseInput, presentOutput, readInput, type Later } from './bound-call.ts';
import type { CallSpan } from './call-span.ts';
import { startExpiry } from './expiry.ts';
import type { RawCall } from './raw-call.ts';

interface Subscription {
  readonly raw: RawCall<AbortSignal>;
  readonly caller: Caller;
  /** Of the opening, if it is traced. */
  readonly span: CallSpan | undefined;
  readonly later: Later;
}

/** Yielded once the procedure of a router is open. */
const opened = Symbol('opened');

/** The events of one subscription, in the steps of `CompiledProcedure.call`. @throws of a router: what opening it throws */
export async function subscribe(bound: Binding, subscription: Subscription): Promise<AsyncGenerator> {
  const { span } = subscription;
  const given = span ? traced(span, eventsOf(bound, subscription)) : eventsOf(bound, subscription);
  const events = bound.tap?.listening ? tapped(bound.tap, { bound, subscription, events: given }) : given;
  if (bound.format) await events.next();
  return events;
}

/** A router may use another copy of tRPC, which marks tracked events with another symbol. */
function ownTracked(event: unknown): unknown {
  if (!Array.isArray(event) || event.length !== 3) return event;
  const [id, data, mark] = event as unknown[];
  return typeof id === 'string' && typeof mark === 'symbol' ? tracked(id, data) : event;
}

async function* traced(span: CallSpan, events: AsyncGenerator): AsyncGenerator {
  try {
    yield* events;
  } catch (thrown) {
    span.fail(thrown);
    throw thrown;
  } finally {
    span.succeed();
  }
}

/** Records a subscription when it ends, if it was opened while calls are watched. */
async function* tapped(
  tap: Tap,
  { bound, subscription, events }: { bound: Binding; subscription: Subscription; events: AsyncGenerator },
): AsyncGenerator {
  const { raw, caller, span } = subscription;
  const openedAt = performance.now();
  let error: unknown;
  try {
    yield* events;
  } catch (thrown) {
    error = thrown;
    throw thrown;
  } finally {
    const traceId = span ? span.span.context.traceId : raw.trace?.traceId;
    const durationMs = performance.now() - openedAt;
    if (tap.listening) tap.add(bound, { raw, caller, traceId, durationMs, error });
  }
}

async function* eventsOf(bound: Binding, { raw, caller, span, later }: Subscription): AsyncGenerator {
  const { path, procedure, handler, gate, access, revocations, format } = bound;
  access.authorise({ path, procedure }, caller, raw);
  using _counted = gate.subscribe(caller, raw.peer);
  const input = parseInput(procedure, await readInput(bound, raw));
  using expiry = startExpiry(caller, { gone: raw.signal, revocations });
  const scope = new CallScope({ raw, caller, span: span?.span }, { at: Infinity, signal: expiry.signal });
  const call = new BoundCall(raw, bound, { caller, input, scope, later });
  const events = (await scopes.run(scope, () => handler(call))) as AsyncIterable<unknown>;
  const iterator = scopes.run(scope, () => events[Symbol.asyncIterator]());
  // Its stream may last for days, longer than a trace should.
  span?.succeed();
  scope.span = undefined;
  try {
    // As tRPC's adapters, which answer `started` only then.
    if (format) yield opened;
    for (;;) {
      const next = await scopes.run(scope, () => iterator.next());
      // The handler may have ignored its signal.
      if (next.done || expiry.refusal || raw.signal?.aborted) break;
      if (format) yield ownTracked(next.value);
      else if (isTrackedEnvelope(next.value)) {
        const [id, event] = next.value;
        yield tracked(id, presentOutput(procedure, path, event));
      } else throw new TypeError(`${path} must yield tracked(id, event)`);
    }
  } catch (error) {
    // A handler may throw because its signal fired.
    if (!expiry.refusal) throw error;
  } finally {
    await iterator.return?.();
  }
  if (expiry.refusal) throw expiry.refusal;
}
