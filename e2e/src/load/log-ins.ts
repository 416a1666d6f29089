import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';

// A flood of log-ins in a separate process, so that it takes no time from the one that measures. Each has a
// different address, account and password, so that no throttle applies. It writes bytes to sockets, one
// request at a time on each, because an HTTP client would take CPU time from the service on the same cores.
// It prints the result.

export interface LogInFlood {
  /** Auth's address; it must trust `x-forwarded-for` from this machine. */
  url: string;
  perSecond: number;
  seconds: number;
}

/** The result. */
export interface LogInFloodOutcome {
  /** Number of requests written. */
  readonly sent: number;
  /** Number of answers with each status until the end. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Number of refusals without `retry-after`. */
  readonly withoutRetryAfter: number;
  /** CPU time of the flood itself, in milliseconds. */
  readonly cpuMs: number;
}

const { url, perSecond, seconds } = JSON.parse(process.argv[2] ?? '{}') as LogInFlood;
const { hostname, port } = new URL(url);
const statuses: Record<string, number> = {};
let withoutRetryAfter = 0;
const idle: Socket[] = [];
const octet = (): number => Math.floor(Math.random() * 256);

function open(): Socket {
  const socket = connect(Number(port), hostname).setEncoding('latin1').setNoDelay(true);
  let head = '';
  socket.on('data', (text: string) => {
    head += text;
    // Answers are short and end with the data: no other request is sent before that.
    if (!head.endsWith('}')) return;
    const status = head.slice(9, 12);
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (status === '429' && !/^retry-after: \d+\r$/im.test(head)) withoutRetryAfter += 1;
    head = '';
    idle.push(socket);
  });
  const lost = (what: string): void => void (statuses[what] = (statuses[what] ?? 0) + 1);
  socket.on('error', (error: NodeJS.ErrnoException) => lost(error.code ?? 'error'));
  socket.on('end', () => lost('closed'));
  return socket;
}

function logIn(): void {
  const body = `{"email":"${randomUUID()}@example.com","password":"${randomUUID()}"}`;
  const from = `10.${octet()}.${octet()}.${octet()}`;
  (idle.pop() ?? open()).write(
    `POST /trpc/sessions.login HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nx-forwarded-for: ${from}\r\n\r\n${body}`,
  );
}

const since = performance.now();
let sent = 0;
const sender = setInterval(() => {
  const elapsed = Math.min((performance.now() - since) / 1000, seconds);
  for (; sent < Math.floor(elapsed * perSecond); sent++) logIn();
}, 5);
setTimeout(() => {
  clearInterval(sender);
  const { user, system } = process.cpuUsage();
  const outcome: LogInFloodOutcome = { sent, statuses, withoutRetryAfter, cpuMs: (user + system) / 1000 };
  process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
}, seconds * 1000);
