import type { ErrorShape } from '@arcadium/mesh/contract';
import { fetchOfService } from './service-fetch.ts';

export type OutgoingCall = Readonly<{
  url: string;
  /** Of the procedure, such as `pages.get`. */
  path: string;
  /** Undefined for no input. */
  input: unknown;
  headers: Readonly<Record<string, string>>;
  signal: AbortSignal;
}>;

/** A call that the service answered with an error. */
export class CallFailed extends Error {
  override name = 'CallFailed';
  readonly shape: ErrorShape;

  constructor(shape: ErrorShape) {
    super(shape.message);
    this.shape = shape;
  }
}

/** Makes one call, without retries. @returns The output. @throws CallFailed */
export async function send({ url, path, input, headers, signal }: OutgoingCall): Promise<unknown> {
  const response = await fetchOfService(new URL(`/trpc/${path}`, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    // A token must not go to another address.
    redirect: 'error',
    signal,
    ...(input !== undefined && { body: JSON.stringify(input) }),
  });
  const { result, error } = (await response.json()) as { result?: { data?: unknown }; error?: ErrorShape };
  if (error) throw new CallFailed(error);
  return result?.data;
}

/** Subscribes, without reconnecting. @returns The events, to their end. @throws CallFailed */
export async function* subscribe(call: OutgoingCall): AsyncGenerator {
  const { url, path, input, headers, signal } = call;
  const target = new URL(`/trpc/${path}`, url);
  if (input !== undefined) target.searchParams.set('input', JSON.stringify(input));
  const response = await fetchOfService(target, {
    headers: { accept: 'text/event-stream', ...headers },
    redirect: 'error',
    signal,
  });
  if (!response.ok || !response.body)
    throw new CallFailed(((await response.json()) as { error: ErrorShape }).error);
  const { EventSourceParserStream } = await import('eventsource-parser/stream');
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { event, data } of events) {
    if (event === 'return') return;
    if (event === 'serialized-error') throw new CallFailed(JSON.parse(data) as ErrorShape);
    if (event === undefined || event === 'message') yield JSON.parse(data);
  }
}
