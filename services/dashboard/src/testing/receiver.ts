import { silentLogger as log } from '@arcadium/mesh/testing';
import { OtlpReceiver, type OtlpReceiverOptions } from '../otlp/receiver.ts';
import { LogStore } from '../stores/logs.ts';
import { TraceStore } from '../stores/traces.ts';

/** A receiver on a free port, with empty stores. */
export async function openReceiver(options: Partial<OtlpReceiverOptions> = {}) {
  const traces = new TraceStore();
  const logs = new LogStore();
  const receiver = new OtlpReceiver({
    host: '127.0.0.1',
    port: 0,
    traces,
    logs,
    log,
    now: Date.now,
    ...options,
  });
  await receiver.start();
  return {
    url: receiver.url,
    traces,
    logs,
    post: (path: string, body: Uint8Array | string, headers: Record<string, string> = {}) =>
      fetch(`${receiver.url}${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : new Blob([Uint8Array.from(body)]),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    [Symbol.asyncDispose]: () => receiver.stop(),
  };
}
