import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ServiceProcedure } from './every-procedure.ts';

/** A call with its input as text, without a client in between. */
export interface BareCall {
  readonly procedure: ServiceProcedure;
  /** JSON; empty for none. */
  readonly input: string;
}

/** The outcome: `OK`, or the code and data of the error. */
export interface Outcome {
  readonly code: string;
  readonly message?: string | undefined;
  readonly issues?: readonly unknown[] | undefined;
  /** The name of a typed error. */
  readonly named?: string | undefined;
}

/** Makes calls as one caller, over one transport. */
export interface BareCaller extends AsyncDisposable {
  call(call: BareCall): Promise<Outcome>;
}

/** Calls in progress. */
const concurrency = 32;

/** Codes that refuse a call for lack of capacity, of the service or of the caller's share. */
const forCapacity: ReadonlySet<string> = new Set(['SERVICE_UNAVAILABLE', 'TOO_MANY_REQUESTS']);

/** Makes many calls. @returns Their outcomes, in the order of the calls. */
export async function callAll(caller: BareCaller, calls: readonly BareCall[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const queue = calls.entries();
  const work = async (): Promise<void> => {
    for (const [index, call] of queue) {
      let outcome = await caller.call(call);
      // A refusal for lack of capacity is not an outcome: repeat the call.
      for (let n = 0; forCapacity.has(outcome.code) && n < 50; n += 1) {
        await delay(100);
        outcome = await caller.call(call);
      }
      outcomes[index] = outcome;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return outcomes;
}

/** A stream without events for this long counts as accepted, in milliseconds. */
const streamMs = 5000;

interface Message {
  id: number;
  error?: ErrorText;
  result?: { type?: string };
}

interface ErrorText {
  message?: string;
  data?: { code?: string; issues?: unknown[]; error?: { name: string } };
}

function outcomeOf(error: ErrorText | undefined): Outcome {
  if (!error) return { code: 'OK' };
  const { code = 'none', issues, error: named } = error.data ?? {};
  return { code, message: error.message, issues, named: named?.name };
}

/**
 * Calls over HTTP: GET for queries and for subscriptions, whose failure is an event of the stream; POST for
 * mutations.
 */
export function callByHttp(url: string, presents: Readonly<Record<string, string | undefined>>): BareCaller {
  const credentials = Object.entries(presents).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return {
    async call({ procedure: { path, procedure }, input }) {
      const byPost = procedure.kind === 'mutation';
      const query = byPost || input === '' ? '' : `?input=${encodeURIComponent(input)}`;
      const answer = await fetch(`${url}/trpc/${path}${query}`, {
        headers: [...credentials, ['content-type', 'application/json']],
        // A stream that was wrongly accepted would never end.
        signal: AbortSignal.timeout(20_000),
        ...(byPost && { method: 'POST', body: input }),
      });
      const text = await answer.text();
      if (!answer.headers.get('content-type')?.startsWith('text/event-stream'))
        return outcomeOf((JSON.parse(text) as { error?: ErrorText }).error);
      const data = /^event: serialized-error\ndata: (.*)$/m.exec(text)?.[1];
      return outcomeOf(data === undefined ? undefined : (JSON.parse(data) as ErrorText));
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Close code for invalid credentials: unanswered calls were not started. */
const unauthorized = 4401;

/**
 * Calls over a WebSocket that sends its credentials in the first message, so that each call is answered
 * separately; over a new one if it is closed for invalid credentials.
 */
export async function callBySocket(
  url: string,
  presents: Readonly<Record<string, string | undefined>>,
): Promise<BareCaller> {
  let line = await openLine(url, presents);
  let opening: Promise<unknown> | undefined;
  return {
    async call(call) {
      for (;;) {
        const outcome = await line.call(call);
        if (outcome) return outcome;
        opening ??= openLine(url, presents).then((opened) => {
          line = opened;
          opening = undefined;
        });
        await opening;
      }
    },
    async [Symbol.asyncDispose]() {
      line.socket.terminate();
    },
  };
}

/** Opens a WebSocket. A call has no outcome if the connection was closed before it was started. */
async function openLine(url: string, presents: Readonly<Record<string, string | undefined>>) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/trpc?connectionParams=1`);
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.send(JSON.stringify({ method: 'connectionParams', data: presents }));
  const waiting = new Map<number, (outcome: Outcome | undefined) => void>();
  socket.on('message', (data: Buffer) => {
    const { id, error, result } = JSON.parse(data.toString()) as Message;
    const tell = waiting.get(id);
    // `started` does not mean that it is admitted: a refusal would follow. A stream that continues is
    // admitted.
    if (result?.type === 'started') {
      setTimeout(() => tell?.({ code: 'OK' }), streamMs).unref();
    } else {
      tell?.(outcomeOf(error));
      waiting.delete(id);
    }
  });
  let closed = false;
  socket.on('close', (code) => {
    closed = true;
    const outcome = code === unauthorized ? undefined : { code: 'the connection was closed' };
    for (const tell of waiting.values()) tell(outcome);
  });
  let lastId = 0;
  return {
    socket,
    call({ procedure: { path, procedure }, input }: BareCall): Promise<Outcome | undefined> {
      if (closed) return Promise.resolve(undefined);
      const id = ++lastId;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        socket.send(
          `{"id":${id},"method":"${procedure.kind}","params":{"path":"${path}"${input === '' ? '' : `,"input":${input}`}}}`,
        );
      });
    },
  };
}
