import { isTrackedEnvelope, tracked, type TrackedEnvelope } from '@trpc/server';
import type { Caller } from '../../contract/index.ts';
import { runInScope } from '../../telemetry/index.ts';
import type { Binding } from './binding.ts';
import { BoundCall, CallScope, parseInput, presentOutput, type Later } from './bound-call.ts';
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

/** The events of one subscription, in the steps of `CompiledProcedure.call`. */
export function subscribe(
  bound: Binding,
  subscription: Subscription,
): AsyncGenerator<TrackedEnvelope<unknown>> {
  const { span } = subscription;
  return span ? traced(span, eventsOf(bound, subscription)) : eventsOf(bound, subscription);
}

async function* traced(
  span: CallSpan,
  events: AsyncGenerator<TrackedEnvelope<unknown>>,
): AsyncGenerator<TrackedEnvelope<unknown>> {
  try {
    yield* events;
  } catch (thrown) {
    span.fail(thrown);
    throw thrown;
  } finally {
    span.succeed();
  }
}

async function* eventsOf(
  bound: Binding,
  { raw, caller, span, later }: Subscription,
): AsyncGenerator<TrackedEnvelope<unknown>> {
  const { path, procedure, handler, gate, access, revocations } = bound;
  access.authorise({ path, procedure }, caller, raw);
  using _counted = gate.subscribe(caller, raw.peer);
  const input = parseInput(procedure, await raw.readInput());
  using expiry = startExpiry(caller, { gone: raw.signal, revocations });
  const scope = new CallScope({ raw, caller, span: span?.span }, { at: Infinity, signal: expiry.signal });
  const call = new BoundCall(raw, bound, { caller, input, scope, later });
  const events = (await runInScope(scope, () => handler(call))) as AsyncIterable<unknown>;
  const iterator = runInScope(scope, () => events[Symbol.asyncIterator]());
  // Its stream may last for days, longer than a trace should.
  span?.succeed();
  scope.span = undefined;
  try {
    for (;;) {
      const next = await runInScope(scope, () => iterator.next());
      // The handler may have ignored its signal.
      if (next.done || expiry.refusal) break;
      if (!isTrackedEnvelope(next.value)) throw new TypeError(`${path} must yield tracked(id, event)`);
      const [id, event] = next.value;
      yield tracked(id, presentOutput(procedure, path, event));
    }
  } catch (error) {
    // A handler may throw because its signal fired.
    if (!expiry.refusal) throw error;
  } finally {
    await iterator.return?.();
  }
  if (expiry.refusal) throw expiry.refusal;
}
