import { createTestCluster } from '@arcadium/postgres/testing-cluster';
import { createTestDatabase } from '@arcadium/prisma/testing';
import { serviceNames, startMesh, type ServiceName } from '../../../e2e/src/mesh.ts';
import { median } from '../compare/summary.ts';
import { cpuOf, cpuOfPostgres } from './cpu.ts';
import { openOutbox } from './outbox.ts';
import { seed } from './seed.ts';
import { mostCallers, openWorkloads, type Workload } from './workloads.ts';

/** How much is measured, and for how long. */
export interface ServicesPlan {
  /** How many pages there are; each row is compared with that of the first. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  /** Before the first round, in milliseconds, for each side of each row. */
  readonly warmUpMs: number;
  /** One measurement, in milliseconds. */
  readonly measureMs: number;
}

/** What a call costs, made in one way; CPU in microseconds a call, NaN where the system does not say or no service takes part. */
export interface Side {
  readonly callsPerSecond: number;
  /** In milliseconds. */
  readonly p50: number;
  readonly callerUs: number;
  readonly serviceUs: number;
  readonly postgresUs: number;
}

/** One procedure at one size: medians over the rounds. */
export interface ServicesRow {
  readonly name: string;
  /** How many pages there are; none for what works on none. */
  readonly size: number | undefined;
  readonly mesh: Side;
  readonly bare: Side;
  /** The mesh's calls a second, where those of the bare SQL are 1. */
  readonly speed: number;
  /** The time that one call of the mesh takes, where that of the first size is 1. */
  readonly growth: number;
}

/** A workload at one size, and the ids of the processes whose CPU time it takes. */
interface Entry {
  readonly size?: number;
  readonly workload: Workload;
  readonly service?: number | undefined;
  readonly postmaster: number;
}

type Round = Readonly<Record<'mesh' | 'bare', Side>>;

/**
 * Measures procedures of the services beside the same SQL through `pg`, in turns: in each round, each procedure at each
 * size, first on the mesh and then bare, or the other way round.
 *
 * @param only The rows whose names hold one of these. @default all
 * @throws TypeError where no row does.
 */
export async function measureServices(
  { sizes, rounds, warmUpMs, measureMs }: ServicesPlan,
  say: (line: string) => void,
  only: readonly string[] = [''],
): Promise<ServicesRow[]> {
  await using owner = new AsyncDisposableStack();
  const cluster = owner.use(await createTestCluster());
  const { pid: postmaster } = cluster.server;
  const open = (schemas: readonly ServiceName[]) =>
    createTestDatabase(schemas, { adminUrl: cluster.adminUrl, runId: 'bench' });
  const entries: Entry[] = [];
  for (const size of sizes) {
    const database = await open(serviceNames);
    const seeded = await seed(database.adminUrl, { size, callers: mostCallers });
    const mesh = owner.use(await startMesh({}, database));
    for (const workload of await openWorkloads(mesh, { size, seeded, owner })) {
      const { service } = workload;
      entries.push({ size, workload, service: service && mesh.process(service).pid, postmaster });
    }
    say(`${size.toLocaleString('en')} pages are there`);
  }
  entries.push({ workload: await openOutbox(() => open(['wiki']), owner), postmaster });
  const wanted = entries.filter(({ workload }) => only.some((part) => workload.name.includes(part)));
  if (wanted.length === 0) throw new TypeError(`No row has a name with ${only.join(' or ')}`);
  // By procedure, so that its sizes are measured one straight after the other.
  const order = [...Map.groupBy(wanted, ({ workload }) => workload.name).values()].flat();
  for (const entry of order) await measureBoth(entry, warmUpMs, 0);
  const measured = new Map<Entry, Round[]>(order.map((entry) => [entry, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const entry of order) measured.get(entry)?.push(await measureBoth(entry, measureMs, round));
    say(`round ${round} of ${rounds}`);
  }
  return order.map((entry) => {
    const first = order.find(({ workload }) => workload.name === entry.workload.name) ?? entry;
    return rowOf(entry, measured.get(entry) ?? [], measured.get(first) ?? []);
  });
}

async function measureBoth(entry: Entry, ms: number, round: number): Promise<Round> {
  if (round % 2 === 0) {
    const mesh = await measureSide(entry, 'mesh', ms);
    return { mesh, bare: await measureSide(entry, 'bare', ms) };
  }
  const bare = await measureSide(entry, 'bare', ms);
  return { mesh: await measureSide(entry, 'mesh', ms), bare };
}

async function measureSide(
  { workload, service, postmaster }: Entry,
  side: 'mesh' | 'bare',
  ms: number,
): Promise<Side> {
  const call = workload[side];
  const latencies: number[] = [];
  const serviceCpu = () => (service === undefined ? Number.NaN : cpuOf(service));
  const before = [serviceCpu(), cpuOfPostgres(postmaster)] as const;
  const callerBefore = process.cpuUsage();
  const startedAt = performance.now();
  const callAgain = async (caller: number) => {
    for (let at = performance.now(); at < startedAt + ms;) {
      await call(caller);
      const answeredAt = performance.now();
      latencies.push(answeredAt - at);
      at = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: workload.callers }, (_, caller) => callAgain(caller)));
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(callerBefore);
  const calls = latencies.length;
  return {
    callsPerSecond: (calls / elapsedMs) * 1000,
    p50: median(latencies),
    callerUs: (user + system) / calls,
    serviceUs: side === 'bare' ? 0 : (serviceCpu() - before[0]) / calls,
    postgresUs: (cpuOfPostgres(postmaster) - before[1]) / calls,
  };
}

function rowOf({ size, workload }: Entry, rounds: readonly Round[], first: readonly Round[]): ServicesRow {
  const sideOf = (name: 'mesh' | 'bare'): Side => {
    const of = (field: keyof Side) => median(rounds.map((round) => round[name][field]));
    return {
      callsPerSecond: of('callsPerSecond'),
      p50: of('p50'),
      callerUs: of('callerUs'),
      serviceUs: of('serviceUs'),
      postgresUs: of('postgresUs'),
    };
  };
  return {
    name: workload.name,
    size,
    mesh: sideOf('mesh'),
    bare: sideOf('bare'),
    speed: median(rounds.map(({ mesh, bare }) => mesh.callsPerSecond / bare.callsPerSecond)),
    growth: median(
      rounds.map(({ mesh }, n) => (first[n]?.mesh.callsPerSecond ?? Number.NaN) / mesh.callsPerSecond),
    ),
  };
}
