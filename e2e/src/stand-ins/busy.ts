import { hash } from 'node:crypto';
import { z } from 'zod';
import { anyone, contract, query } from '@arcadium/mesh/contract';
import { createLogger } from '@arcadium/mesh/telemetry';
import { run, serve } from '@arcadium/mesh/server';

// An overloaded service as a process; prints its URL when it is ready.

/** How long the work took, in milliseconds. */
const done = z.object({ ms: z.number() });

const busy = contract('busy', {
  burn: query({ summary: 'Some milliseconds of CPU', output: done, access: anyone }),
  brief: query({ summary: 'Three milliseconds of CPU', output: done, access: anyone }),
  pool: query({ summary: 'One of ten workers, for 20 ms', output: done, access: anyone }),
});

const bytes = Buffer.alloc(8 * 1024 * 1024);
/** Work that the compiler cannot make faster or slower while it runs. */
function spin(length: number): { ms: number } {
  const since = performance.now();
  hash('sha256', bytes.subarray(0, length), 'buffer');
  return { ms: performance.now() - since };
}

/**
 * Number of bytes that take a millisecond on this machine: a fixed amount of work instead of time, so that
 * load does not reduce it.
 */
function calibrate(): number {
  const length = 256 * 1024;
  const times = Array.from({ length: 50 }, () => spin(length).ms);
  return Math.floor(length / Math.min(...times));
}

const perMs = calibrate();
const workers = 10;
const workMs = 20;
const waiting: (() => void)[] = [];
let working = 0;

const handlers = {
  burn: async () => spin(perMs * 4),
  brief: async () => spin(perMs * 3),
  pool: async () => {
    if (working >= workers) await new Promise<void>((resolve) => waiting.push(resolve));
    else working++;
    const since = performance.now();
    await new Promise((resolve) => setTimeout(resolve, workMs));
    const ms = performance.now() - since;
    const next = waiting.shift();
    if (next) next();
    else working--;
    return { ms };
  },
};

run(async () => {
  const service = await serve(busy, handlers, {
    version: '1',
    port: 0,
    log: createLogger({ service: 'busy', level: 'warn' }),
    authenticate: () => ({ service: undefined, user: undefined }),
    pingDatabase: async () => {},
  });
  service.ready();
  process.stdout.write(`${JSON.stringify({ url: service.url })}\n`);
  return service;
});
