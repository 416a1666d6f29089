import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';

// A flood of log-ins from everywhere, as a process, so that it takes no time from the one that measures. Each has an
// address, an account and a password of its own: no throttle knows it. It prints what came of them, by status.

/** What is offered. */
export interface LogInFlood {
  /** Of auth, which must trust `x-forwarded-for` from this machine. */
  url: string;
  perSecond: number;
  seconds: number;
}

const { url, perSecond, seconds } = JSON.parse(process.argv[2] ?? '{}') as LogInFlood;
const agent = new Agent({ keepAlive: true, maxSockets: 100 });
const statuses: Record<string, number> = {};
const count = (status: string): void => void (statuses[status] = (statuses[status] ?? 0) + 1);
const octet = (): number => Math.floor(Math.random() * 256);

function logIn(): void {
  const body = JSON.stringify({ email: `${randomUUID()}@example.com`, password: randomUUID() });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-forwarded-for': `10.${octet()}.${octet()}.${octet()}`,
  };
  request(`${url}/trpc/sessions.login`, { method: 'POST', agent, headers }, (response) => {
    response.resume().on('end', () => count(String(response.statusCode)));
  })
    .on('error', (error: NodeJS.ErrnoException) => count(error.code ?? 'error'))
    .end(body);
}

const since = performance.now();
let sent = 0;
const sender = setInterval(() => {
  const elapsed = Math.min((performance.now() - since) / 1000, seconds);
  for (; sent < elapsed * perSecond; sent++) logIn();
}, 5);
setTimeout(() => {
  clearInterval(sender);
  process.stdout.write(`${JSON.stringify({ sent, statuses })}\n`, () => process.exit(0));
}, seconds * 1000);
