import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@arcadium/mesh/testing';
import { median } from '../compare/summary.ts';
import { startPair, type Pair, type Sample } from '../process/pair.ts';
import type { Size } from '../stack.ts';
import type { StackName } from '../stacks/index.ts';

export interface TlsPlan {
  /** Times that all processes are started afresh. */
  readonly starts: number;
  /** Measurements of each row after each start. */
  readonly rounds: number;
  /** Calls of a measurement, and before the first. */
  readonly calls: number;
  readonly warmUpCalls: number;
}

export const fullTls: TlsPlan = { starts: 5, rounds: 8, calls: 10_000, warmUpCalls: 60_000 };
export const quickTls: TlsPlan = { starts: 2, rounds: 3, calls: 3000, warmUpCalls: 10_000 };

/** The cost of a call over one transport, in one mode. */
export interface TlsRow {
  readonly transport: string;
  readonly mode: string;
  readonly bodyBytes: number;
  /** CPU microseconds per call of both processes; the median of the starts. */
  readonly cpuUs: number;
  readonly callsPerSecond: number;
  /** CPU relative to the first mode with the same transport and body; the median of the starts' ratios. */
  readonly ratio: number;
}

/** `plain` twice: how much the second differs is what the machine adds. */
const modes = ['plain', 'plain, again', 'TLS', 'mutual TLS'] as const;

const transports = { 'mesh-websocket': 'WebSocket', 'mesh-http': 'HTTP' } as const;
const bodies = [150, 10_000];

/** Measures the same calls without TLS, with TLS and with certificates of both sides, in turns. */
export async function measureTls(plan: TlsPlan): Promise<TlsRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-tls-'));
  try {
    const sizes = sizesOf(folder);
    const rows: TlsRow[] = [];
    for (const [stack, transport] of Object.entries(transports) as [StackName, string][])
      for (const bodyBytes of bodies) {
        const starts: Sample[][] = [];
        for (let start = 0; start < plan.starts; start += 1)
          starts.push(await measureOnce({ stack, sizes, bodyBytes, start }, plan));
        for (const [row, mode] of modes.entries())
          rows.push({ transport, mode, bodyBytes, ...summaryOf(starts, row) });
      }
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function summaryOf(starts: readonly Sample[][], row: number) {
  const cost = (samples: readonly Sample[], of: number) =>
    (samples[of]?.serverUs ?? Number.NaN) + (samples[of]?.clientUs ?? Number.NaN);
  return {
    cpuUs: median(starts.map((samples) => cost(samples, row))),
    callsPerSecond: median(starts.map((samples) => samples[row]?.callsPerSecond ?? Number.NaN)),
    ratio: median(starts.map((samples) => cost(samples, row) / cost(samples, 0))),
  };
}

type Start = { stack: StackName; sizes: readonly Size[]; bodyBytes: number; start: number };

/** Each row with fresh processes, as the median of its rounds. */
async function measureOnce(
  { stack, sizes, bodyBytes, start }: Start,
  { rounds, calls, warmUpCalls }: TlsPlan,
): Promise<Sample[]> {
  await using ending = new AsyncDisposableStack();
  const pairs: Pair[] = [];
  for (const size of sizes) pairs.push(ending.use(await startPair(stack, { size })));
  const load = { inFlight: 64, bodyBytes };
  for (const pair of pairs) await pair.warmUp({ ...load, until: { calls: warmUpCalls } });
  const samples = pairs.map((): Sample[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const step of pairs.keys()) {
      // Each round begins with another row.
      const row = (start + round + step) % pairs.length;
      const sample = await pairs[row]?.measure({ ...load, until: { calls } });
      if (sample) samples[row]?.push(sample);
    }
  }
  return samples.map(medianOf);
}

function medianOf(samples: readonly Sample[]): Sample {
  const of = (name: keyof Sample) => median(samples.map((sample) => sample[name]));
  return {
    callsPerSecond: of('callsPerSecond'),
    p50: of('p50'),
    p95: of('p95'),
    p99: of('p99'),
    serverUs: of('serverUs'),
    clientUs: of('clientUs'),
  };
}

/** Writes the certificates, and makes the size of each mode. */
function sizesOf(folder: string): Size[] {
  const authority = createAuthority();
  const caFile = join(folder, 'ca.crt');
  writeFileSync(caFile, authority.cert);
  const write = (name: string) => {
    const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
    const { cert, key } = authority.issue(name, { dns: [name], ips: ['127.0.0.1'] });
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    return { certFile, keyFile, caFile };
  };
  const server = write('notifications');
  const client = write('bench');
  return [
    {},
    {},
    { tls: { server, client: { caFile } } },
    { tls: { server: { ...server, clientAuth: 'require' }, client } },
  ];
}
