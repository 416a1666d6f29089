import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ServiceProcedure } from './every-procedure.ts';

/** One call, with its input as text: no client stands between the test and what is sent. */
export interface BareCall {
  readonly procedure: ServiceProcedure;
  /** JSON; nothing for none. */
  readonly input: string;
}

/** What came of it: `OK`, or the code and the data of its error. */
export interface Outcome {
  readonly code: string;
  readonly message?: string | undefined;
  readonly issues?: readonly unknown[] | undefined;
  /** The typed error, where it is one. */
  readonly named?: string | undefined;
}

/** Makes calls as one caller, one way. */
export interface BareCaller extends AsyncDisposable {
  call(call: BareCall): Promise<Outcome>;
}

/** So many are under way at once. */
const concurrency = 32;

/** What refuses a call for want of capacity: of the service, or of what one caller may have of it. */
const forCapacity: ReadonlySet<string> = new Set(['SERVICE_UNAVAILABLE', 'TOO_MANY_REQUESTS']);

/** Makes many calls; their outcomes stand in the order of the calls. */
export async function callAll(caller: BareCaller, calls: readonly BareCall[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const queue = calls.entries();
  const work = async (): Promise<void> => {
    for (const [index, call] of queue) {
      let outcome = await caller.call(call);
      // It was asked to come back, for want of capacity: on a busy machine that is no verdict.
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

/** A stream that has begun, and in which nothing comes for so long, goes on, in milliseconds. */
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

/** Calls by HTTP: GET for queries, and for subscriptions, whose failure is an event of the stream; POST for mutations. */
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
        // A stream that nobody should have been let into would go on for ever.
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

/** Where a connection is closed because its credentials are no good: what it has not answered, it has not begun. */
const unauthorized = 4401;

/**
 * Calls over a WebSocket that brings its credentials in the first message, so that each call is answered by itself; over
 * another one where the first is closed because they are no good.
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

/** One WebSocket; a call on it has no outcome where it was closed before that was begun. */
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
    // A stream that is begun says nothing yet: who is refused is told so next. One that goes on is let in.
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
