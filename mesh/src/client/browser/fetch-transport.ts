import { header, parseRetryAfter } from '../../wire/index.ts';
import type { Request } from '../request.ts';
import { parseJson, requestOf } from '../transports/http-request.ts';
import { maxAnswerBytes, TransportError, type Answer, type Transport } from '../transports/transport.ts';

/**
 * Creates a transport for tRPC's wire format by `fetch`. Instead of transports/http-transport.ts.
 *
 * `fetch` does not tell a connection that failed from an answer that got lost, so a mutation that fails this way is in
 * doubt, unless it is idempotent.
 */
export function createHttpTransport(url: string): Transport {
  const { origin, pathname } = new URL(url);
  const base = `${origin}${pathname.replace(/\/$/, '')}`;
  const open = new Set<AbortController>();
  return {
    url: base,
    leaving: false,
    async send(request) {
      const ending = new AbortController();
      open.add(ending);
      request.onCancel = () => ending.abort(new Error('cancelled'));
      if (request.cancelled) request.onCancel();
      try {
        return await exchange(request, base, ending.signal);
      } finally {
        open.delete(ending);
      }
    },
    async close() {
      for (const ending of open) ending.abort(new Error('closed'));
    },
  };
}

async function exchange(request: Request, base: string, signal: AbortSignal): Promise<Answer> {
  const { path, method, body, headers } = requestOf(request, '');
  signal.throwIfAborted();
  request.sent = true;
  try {
    const response = await fetch(`${base}${path}`, {
      method,
      headers,
      signal,
      ...(body !== undefined && { body }),
    });
    const text = await textOf(response);
    const retryAfterMs = parseRetryAfter(response.headers.get(header.retryAfter) ?? undefined);
    return { status: response.status, body: parseJson(text), via: 'http', retryAfterMs };
  } catch (cause) {
    throw new TransportError(`${base} gave no answer: ${String(cause)}`, { reached: true, cause });
  }
}

/** The body, up to the longest accepted answer. */
async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of chunksOf(body)) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error(`the answer is longer than ${maxAnswerBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Not every browser iterates over a stream. */
async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
