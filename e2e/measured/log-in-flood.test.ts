import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogInFlood } from '../src/load/log-ins.ts';
import { openLoop } from '../src/load/open-loop.ts';
import { quantile } from '../src/load/quantile.ts';
import { startMesh, type TestMesh } from '../src/mesh.ts';
import { newPerson } from '../src/people.ts';

// Real processes on the cores that there are: auth, and somebody who offers it 500 log-ins a second.

const perSecond = 500;
const rounds = 5;
const seconds = 4;
/** What may be left over from the moment when a flood begins or ends, in milliseconds. */
const settleMs = 1000;

let mesh: TestMesh;

beforeAll(async () => {
  mesh = await startMesh({ TRUSTED_PROXIES: '127.0.0.1', LOG_LEVEL: 'warn' });
}, 60_000);
afterAll(() => mesh[Symbol.asyncDispose]());

interface FloodOutcome {
  sent: number;
  statuses: Record<string, number>;
}

async function flood(): Promise<FloodOutcome> {
  const file = join(import.meta.dirname, '..', 'src', 'load', 'log-ins.ts');
  const what: LogInFlood = { url: mesh.url('auth'), perSecond, seconds: seconds + settleMs / 1000 };
  const { stdout } = await promisify(execFile)(process.execPath, [file, JSON.stringify(what)]);
  return JSON.parse(stdout) as FloodOutcome;
}

/** Of the process of auth, in MiB. */
function residentMemory(): number {
  const status = readFileSync(`/proc/${mesh.process('auth').pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

test('a flood of log-ins leaves other calls their time, and the process its size', async () => {
  const ann = await newPerson(mesh, 'ann');
  const measure = async (): Promise<number> => {
    const { latencies, failures } = await openLoop({
      perSecond: 100,
      calls: 100 * (seconds - 1),
      call: () => ann.auth.users.me.query(),
    });
    expect(failures).toEqual([]);
    return quantile(latencies, 0.99);
  };
  await measure();

  const p99 = { quiet: [] as number[], flooded: [] as number[] };
  const outcomes: FloodOutcome[] = [];
  const sizes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    p99.quiet.push(await measure());
    const flooding = flood();
    await delay(settleMs);
    p99.flooded.push(await measure());
    sizes.push(residentMemory());
    outcomes.push(await flooding);
    await delay(settleMs);
  }
  const [quiet, flooded] = [quantile(p99.quiet, 0.5), quantile(p99.flooded, 0.5)];
  console.log(JSON.stringify({ quiet, flooded, p99, sizes, outcomes }));

  for (const { sent, statuses } of outcomes) {
    expect(sent).toBeGreaterThan(perSecond * seconds);
    // Some are looked at, most are told to come back.
    expect(statuses['401']).toBeGreaterThan(10);
    expect((statuses['429'] ?? 0) + (statuses['503'] ?? 0)).toBeGreaterThan(sent / 2);
    expect(Object.keys(statuses).filter((status) => !['401', '429', '503'].includes(status))).toEqual([]);
  }
  expect(flooded).toBeLessThan(quiet * 2);
  expect(Math.max(...sizes)).toBeLessThan(Math.min(...sizes) * 1.5);
  expect(Math.max(...sizes)).toBeLessThan(384);
}, 180_000);
