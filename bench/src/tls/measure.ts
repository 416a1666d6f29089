import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@arcadium/mesh/testing';
import { median } from '../compare/summary.ts';
import type { Load } from '../process/operations.ts';
import { startPair, type Pair } from '../process/pair.ts';
import type { Size } from '../stack.ts';
import type { StackName } from '../stacks/index.ts';

/** A load, and the calls of one measurement. */
interface TlsLoad {
  readonly inFlight: number;
  readonly bodyBytes: number;
  readonly calls: number;
}

export interface TlsPlan {
  /** Times that all processes are started afresh. */
  readonly starts: number;
  /** Measurements of each row after each start. */
  readonly rounds: number;
  readonly loads: readonly TlsLoad[];
  /** Calls before the first measurement, with 64 in flight. */
  readonly warmUpCalls: number;
  /** New connections of a measurement, each with one call. */
  readonly connections: number;
}

const loadsOf = (share: number): TlsLoad[] => [
  { inFlight: 1, bodyBytes: 150, calls: 1000 * share },
  { inFlight: 64, bodyBytes: 150, calls: 1500 * share },
  { inFlight: 512, bodyBytes: 150, calls: 4000 * share },
  { inFlight: 64, bodyBytes: 10_000, calls: 1500 * share },
];

export const fullTls: TlsPlan = {
  starts: 2,
  rounds: 6,
  loads: loadsOf(1),
  warmUpCalls: 20_000,
  connections: 50,
};
export const quickTls: TlsPlan = {
  starts: 1,
  rounds: 2,
  loads: loadsOf(0.5),
  warmUpCalls: 2000,
  connections: 10,
};

/** The cost of one thing over one transport, in one mode. */
interface TlsCost {
  readonly transport: string;
  readonly mode: string;
  /** CPU microseconds of both processes; the median of all rounds. */
  readonly cpuUs: number;
  /** CPU relative to the first mode in the same round; the median of all rounds. */
  readonly ratio: number;
}

/** A call. */
export interface TlsRow extends TlsCost {
  readonly inFlight: number;
  readonly bodyBytes: number;
  readonly callsPerSecond: number;
}

/** What was measured. */
export interface TlsFigures {
  readonly calls: readonly TlsRow[];
  /** New connections, with the first call of each. */
  readonly connections: readonly TlsCost[];
}

/** `plain` twice: how much the second differs is what the machine adds. */
const modes = ['plain', 'plain, again', 'TLS', 'mutual TLS'] as const;

const transports = { 'mesh-websocket': 'WebSocket', 'mesh-http': 'HTTP' } as const;

/** One measurement of one mode. */
interface Measured {
  readonly cpuUs: number;
  readonly callsPerSecond: number;
}

/** The measurements of each mode, in one round. */
type Round = readonly Measured[];

/** Measures the same calls without TLS, with TLS and with certificates of both sides, in turns. */
export async function measureTls(plan: TlsPlan, say: (line: string) => void): Promise<TlsFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-tls-'));
  try {
    const sizes = sizesOf(folder);
    const calls: TlsRow[] = [];
    const connections: TlsCost[] = [];
    for (const [stack, transport] of Object.entries(transports) as [StackName, string][]) {
      const rounds = plan.loads.map((): Round[] => []);
      const connects: Round[] = [];
      for (let start = 0; start < plan.starts; start += 1) {
        await using ending = new AsyncDisposableStack();
        const pairs: Pair[] = [];
        for (const size of sizes) pairs.push(ending.use(await startPair(stack, { size })));
        for (const pair of pairs)
          await pair.warmUp({ inFlight: 64, bodyBytes: 150, until: { calls: plan.warmUpCalls } });
        for (let round = 0; round < plan.rounds; round += 1) {
          for (const [index, { calls: most, ...load }] of plan.loads.entries())
            rounds[index]?.push(
              await inTurns(pairs, start + round, (pair) =>
                costOfCall(pair, { ...load, until: { calls: most } }),
              ),
            );
          connects.push(
            await inTurns(pairs, start + round, (pair) => costOfConnection(pair, plan.connections)),
          );
        }
        say(`${transport}: start ${start + 1} of ${plan.starts}`);
      }
      for (const [index, { inFlight, bodyBytes }] of plan.loads.entries())
        for (const row of rowsOf(rounds[index] ?? [])) calls.push({ transport, inFlight, bodyBytes, ...row });
      connections.push(
        ...rowsOf(connects).map(({ mode, cpuUs, ratio }) => ({ transport, mode, cpuUs, ratio })),
      );
    }
    return { calls, connections };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each round begins with another mode. */
async function inTurns(
  pairs: readonly Pair[],
  first: number,
  measure: (pair: Pair) => Promise<Measured>,
): Promise<Round> {
  const measured: Measured[] = [];
  for (const step of pairs.keys()) {
    const row = (first + step) % pairs.length;
    const pair = pairs[row];
    if (pair) measured[row] = await measure(pair);
  }
  return measured;
}

/** A few calls first: connections that are not used for some seconds are closed. */
async function costOfCall(pair: Pair, load: Load): Promise<Measured> {
  await pair.warmUp({ ...load, until: { calls: 2 * load.inFlight } });
  const { serverUs, clientUs, callsPerSecond } = await pair.measure(load);
  return { cpuUs: serverUs + clientUs, callsPerSecond };
}

/** The connections stay open, so the measured ones do not pay for the end of others. */
async function costOfConnection(pair: Pair, clients: number): Promise<Measured> {
  const cpuUs = await pair.connect(clients);
  return { cpuUs, callsPerSecond: Number.NaN };
}

function rowsOf(rounds: readonly Round[]) {
  return modes.map((mode, row) => {
    const of = (name: keyof Measured) => median(rounds.map((round) => round[row]?.[name] ?? Number.NaN));
    const ratio = median(
      rounds.map((round) => (round[row]?.cpuUs ?? Number.NaN) / (round[0]?.cpuUs ?? Number.NaN)),
    );
    return { mode, cpuUs: of('cpuUs'), callsPerSecond: of('callsPerSecond'), ratio };
  });
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
