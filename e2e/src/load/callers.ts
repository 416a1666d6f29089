import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { WebSocket } from 'ws';

// Callers of a service in a separate process, so that they take no time from the measured one; prints the
// result. They use several connections, with all calls of one moment in one message.

/**
 * The load: a fixed rate of calls, a number of callers that each wait for their answer, or all calls at once.
 */
export interface Load {
  url: string;
  path: string;
  seconds: number;
  perSecond?: number;
  callers?: number;
  atOnce?: number;
}

/** The result. */
export interface Outcome {
  done: number;
  /** Total time that the service worked on these calls, in milliseconds. */
  workMs: number;
  /** By code. */
  failed: Record<string, number>;
  /** Latencies of successful calls, in milliseconds, ascending, one in a hundred. */
  latencies: number[];
  /** Latencies of `/health`, in milliseconds, ascending. */
  health: number[];
}

const connections = 4;
const load = JSON.parse(process.argv[2] ?? '{}') as Load;

const latencies: number[] = [];
const failed: Record<string, number> = {};
const health: number[] = [];
const sentAt = new Map<number, number>();
let lastId = 0;
let workMs = 0;
let over = false;

const sockets = await Promise.all(
  Array.from({ length: connections }, async () => {
    const socket = new WebSocket(`${load.url.replace('http', 'ws')}/trpc`, ['trpc-array']);
    await once(socket, 'open');
    socket.on('message', (data) => receive(JSON.parse((data as Buffer).toString())));
    return socket;
  }),
);

type Answer = { id: number; result?: { data: { ms: number } }; error?: { data: { code: string } } };

function receive(message: Answer | Answer[]): void {
  for (const { id, result, error } of [message].flat()) {
    const took = performance.now() - (sentAt.get(id) ?? 0);
    sentAt.delete(id);
    if (over) continue;
    if (error) failed[error.data.code] = (failed[error.data.code] ?? 0) + 1;
    else latencies.push(took);
    workMs += result?.data.ms ?? 0;
    if (load.callers !== undefined) send(1);
  }
}

function send(count: number): void {
  const calls = Array.from({ length: count }, () => {
    const id = ++lastId;
    sentAt.set(id, performance.now());
    return { id, method: 'query', params: { path: load.path } };
  });
  sockets.forEach((socket, index) => {
    const own = calls.filter(({ id }) => id % connections === index);
    if (own.length > 0) socket.send(JSON.stringify(own));
  });
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
function askHealth(): void {
  const since = performance.now();
  get(`${load.url}/health`, { agent }, (response) => {
    response.resume().on('end', () => health.push(performance.now() - since));
  });
}

const since = performance.now();
let sent = 0;
const senders = setInterval(() => {
  const due = Math.floor(((performance.now() - since) / 1000) * (load.perSecond ?? 0)) - sent;
  sent += due;
  if (due > 0) send(due);
}, 5);
const prober = setInterval(askHealth, load.atOnce === undefined ? 100 : 20);
send(load.callers ?? load.atOnce ?? 0);
await new Promise((resolve) => setTimeout(resolve, load.seconds * 1000));
over = true;
clearInterval(senders);
clearInterval(prober);

const ascending = (numbers: number[]): number[] => numbers.toSorted((a, b) => a - b);
const outcome: Outcome = {
  done: latencies.length,
  workMs,
  failed,
  latencies: ascending(latencies).filter((_, index) => index % Math.ceil(latencies.length / 100) === 0),
  health: ascending(health),
};
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
