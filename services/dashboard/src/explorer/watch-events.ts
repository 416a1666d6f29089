import type { ExplorerEvent } from '@arcadium/contracts/dashboard';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { problemOf } from '../jobs/ask.ts';
import { requestOf, type ExplorerRequest } from './request.ts';

/** Most events of one subscription. */
const maxEvents = 1000;
/** Longest wait for the subscription to open, in milliseconds. */
const openMs = 10_000;
/** Longest event, in characters. */
const maxEventLength = 1024 * 1024;

/** Opens a subscription over server-sent events, and yields its events until it ends, fails, or the signal fires. */
export async function* watchEvents(
  request: ExplorerRequest,
  signal: AbortSignal,
): AsyncGenerator<ExplorerEvent> {
  const { target, init } = requestOf(request);
  const closing = new AbortController();
  const opening = setTimeout(() => closing.abort(new DOMException('', 'TimeoutError')), openMs);
  let number = 0;
  const told = (event: string, failed: boolean): ExplorerEvent => ({ number: (number += 1), event, failed });
  try {
    const response = await request.fetch(target, {
      ...init,
      signal: AbortSignal.any([signal, closing.signal]),
    });
    clearTimeout(opening);
    if (!response.ok || !response.body) {
      yield told(await response.text(), true);
      return;
    }
    const events = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream({ maxBufferSize: maxEventLength }));
    for await (const { event, data } of events) {
      if (event === 'return') return;
      if (event === 'serialized-error') {
        yield told(data, true);
        return;
      }
      // `connected` and `ping` are tRPC's own.
      if (event === undefined || event === 'message') yield told(data, false);
      if (number >= maxEvents) return;
    }
  } catch (error) {
    if (!signal.aborted) yield told(JSON.stringify({ message: problemOf(error, openMs) }), true);
  } finally {
    clearTimeout(opening);
    closing.abort();
  }
}
