import { once } from 'node:events';
import { WebSocket } from 'ws';

/** The end of a connection that sent something. */
export interface SocketEnd {
  /** Number of messages received. */
  readonly answers: number;
  readonly bytes: number;
  /** Close code and reason; 0 if it was still open after a while. */
  readonly code: number;
  readonly reason: string;
}

/** Longest wait for the close, in milliseconds. */
const patienceMs = 30_000;

/** Opens a WebSocket to a service without credentials, sends messages, and waits until it is closed. */
export async function sendAndWait(url: string, messages: readonly (string | Buffer)[]): Promise<SocketEnd> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`, ['trpc-array'], {
    perMessageDeflate: false,
  });
  let answers = 0;
  let bytes = 0;
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => {
    bytes += data.length;
    const text = data.toString();
    if (text === 'PONG') return;
    const parsed: unknown = JSON.parse(text);
    answers += Array.isArray(parsed) ? parsed.length : 1;
  });
  await once(socket, 'open');
  const closed = once(socket, 'close') as Promise<[number, Buffer]>;
  for (const message of messages) socket.send(message);
  const timer = setTimeout(() => socket.terminate(), patienceMs);
  const [code, reason] = await closed;
  clearTimeout(timer);
  return { answers, bytes, code: code === 1006 ? 0 : code, reason: reason.toString() };
}

/** An array of the same element, up to a length in characters. */
export function arrayOf(part: string, length: number): string {
  return `[${`${part},`.repeat(Math.floor((length - 2) / (part.length + 1)))}${part}]`;
}

/** Repeats something for a time in milliseconds, several at a time. */
export async function again<Result>(
  what: () => Promise<Result>,
  { atOnce, forMs }: { atOnce: number; forMs: number },
): Promise<Result[]> {
  const results: Result[] = [];
  const until = performance.now() + forMs;
  const one = async (): Promise<void> => {
    do results.push(await what());
    while (performance.now() < until);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return results;
}
