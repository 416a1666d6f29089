import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Load, Outcome } from '../src/load/callers.ts';

// Real processes: a service, and callers that ask for more than it can do. Each takes one core.

const file = (folder: string, name: string): string => join(import.meta.dirname, '..', 'src', folder, name);
const flags = ['--disable-warning=ExperimentalWarning'];

let service: ChildProcess;
let url: string;
let log = '';

beforeAll(async () => {
  service = spawn(process.execPath, [...flags, file('stand-ins', 'busy.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { stdout } = service;
  if (!stdout) throw new Error('The service has no standard output');
  stdout.setEncoding('utf8').on('data', (text: string) => (log += text));
  while (!log.includes('\n')) await once(stdout, 'data');
  ({ url } = JSON.parse(log.split('\n')[0] ?? '') as { url: string });
});
afterAll(async () => {
  service.kill('SIGTERM');
  if (service.exitCode === null) await once(service, 'exit');
});

async function offer(load: Omit<Load, 'url'>): Promise<Outcome> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...flags,
    file('load', 'callers.ts'),
    JSON.stringify({ url, ...load }),
  ]);
  return JSON.parse(stdout) as Outcome;
}

const atShare = (ascending: number[], share: number): number =>
  ascending[Math.floor((ascending.length - 1) * share)] ?? Infinity;

describe.each([
  ['a handler that takes 4 ms of CPU', 'burn', 3, 1],
  ['a handler that waits for one of ten workers', 'pool', 30, 10],
])('%s, asked for three times what it can do', (_what, path, callers, workers) => {
  test('goes on doing nearly as much, stays healthy, and recovers', async () => {
    // Until the process has run for ten seconds, it logs refusals as a detail of its start.
    const before = await offer({ path, seconds: 6, callers });
    const perSecond = before.done / 6;
    const overload = await offer({ path, seconds: 6, perSecond: perSecond * 3 });
    const usual = async () => (await offer({ path, seconds: 1, perSecond: perSecond / 2 })).failed;
    await expect.poll(usual, { timeout: 5000 }).toEqual({});
    const after = await offer({ path, seconds: 2, callers });

    // The capacity in this period, by the measured cost of a call, because other load on the machine varies.
    const capacity = (workers * 1000 * overload.done) / overload.workMs;
    expect(overload.done / 6).toBeGreaterThan(capacity * 0.8);
    expect(overload.done / 6).toBeGreaterThan(Math.min(before.done / 6, after.done / 2) * 0.5);
    expect(Object.keys(overload.failed)).toEqual(['SERVICE_UNAVAILABLE']);
    expect(atShare(overload.latencies, 0.99)).toBeLessThan(2000);
    expect(overload.health.length).toBeGreaterThan(40);
    expect(atShare(overload.health, 0.95)).toBeLessThan(100);
    await expect.poll(() => log, { timeout: 5000 }).toContain('shedding: ');
  });
});

test('a thousand calls of 3 ms each at once leave room for a health check', async () => {
  const { done, failed, health } = await offer({ path: 'brief', seconds: 2, atOnce: 1000 });
  expect(done).toBeGreaterThan(10);
  expect(done + (failed['SERVICE_UNAVAILABLE'] ?? 0)).toBe(1000);
  expect(health.at(-1)).toBeLessThan(100);
});
