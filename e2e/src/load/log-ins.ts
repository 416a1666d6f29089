import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';

// A flood of log-ins from everywhere, as a process, so that it takes no time from the one that measures. Each has an
// address, an account and a password of its own: no throttle knows it. Bytes over bare sockets, one request on each at
// a time: what a client's HTTP costs would be taken from the service, which has the same cores. It prints what came.

/** What is offered. */
export interface LogInFlood {
  /** Of auth, which must trust `x-forwarded-for` from this machine. */
  url: string;
  perSecond: number;
  seconds: number;
}

/** What came of it. */
export interface LogInFloodOutcome {
  /** Requests that were written. */
  readonly sent: number;
  /** How often each status was answered until the end. */
  readonly statuses: Readonly<Record<string, number>>;
  /** How many of those that were refused were not told when to come back. */
  readonly withoutRetryAfter: number;
  /** What the flood itself took, in milliseconds of a core. */
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
    // An answer is short, and its end is the end of what comes: until then nothing else is asked here.
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
