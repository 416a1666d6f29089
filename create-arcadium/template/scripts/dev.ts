import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { startDatabase } from './database.ts';
import { makeSettings } from './make-settings.ts';
import { mainOf, root, serviceNames, urlOf } from './services.ts';

// npm run dev: makes missing settings, starts PostgreSQL and the services, and restarts a service when its sources
// change. Ctrl-C stops everything.

/** How often the health of services is asked until they are healthy, in milliseconds. */
const askEveryMs = 100;

await makeSettings();
const database = await startDatabase();
const services = serviceNames();
const children = services.map(start);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop());
// A signal to npm ends npm and its shell, but is not passed on.
const parent = process.ppid;
setInterval(() => process.ppid === parent || void stop(), 1000).unref();

await Promise.all(services.map(untilHealthy));
if (!stopping.signal.aborted) {
  for (const name of services) console.log(`${name.padEnd(12)} ${urlOf(name)}  healthy`);
  console.log('All services are healthy. In another terminal: npm run try');
}

function start(name: string): ChildProcess {
  const child = spawn(process.execPath, ['--watch-preserve-output', '--watch', mainOf(name)], {
    cwd: root,
    env: { NODE_NO_WARNINGS: '1', LOG_FORMAT: 'pretty', ...process.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const output of [child.stdout, child.stderr])
    createInterface({ input: output }).on('line', (line) =>
      console.log(line.includes(name) ? line : `${name}: ${line}`),
    );
  return child;
}

async function untilHealthy(name: string): Promise<void> {
  while (!stopping.signal.aborted) {
    const answer = await fetch(new URL('/health', urlOf(name))).catch(() => undefined);
    const { status } = ((await answer?.json().catch(() => undefined)) ?? {}) as { status?: string };
    if (status === 'healthy') return;
    await delay(askEveryMs);
  }
}

/** The services first: they finish their calls, which need the database. */
async function stop(): Promise<void> {
  if (stopping.signal.aborted) return;
  stopping.abort();
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }),
  );
  await database?.stop();
  process.exit(0);
}
