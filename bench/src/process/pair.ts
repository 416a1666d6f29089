import type { Size } from '../stack.ts';
import type { StackName } from '../stacks/index.ts';
import type { Load, Run } from './operations.ts';
import { clientCores, serverCores, spawnChild, type Child } from './spawn.ts';

/** The cost of a load, at both ends. */
export interface Sample {
  readonly callsPerSecond: number;
  /** In milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** CPU microseconds per call. */
  readonly serverUs: number;
  readonly clientUs: number;
}

/** The server and the client of one stack, each in its own process and, if possible, on its own core. */
export interface Pair extends AsyncDisposable {
  readonly server: Child;
  readonly client: Child;
  /** Runs a load without measuring, to compile code and open connections. */
  warmUp(load: Load): Promise<void>;
  measure(load: Load): Promise<Sample>;
  /** Opens connections one after another, with one call each, and keeps them. @returns CPU microseconds per connection, of both ends. */
  connect(clients: number): Promise<number>;
}

/** @param options.profileDir Folder for CPU profiles of both processes. @default none */
export async function startPair(
  stack: StackName,
  options: { profileDir?: string | undefined; size?: Size } = {},
): Promise<Pair> {
  const { profileDir, size = {} } = options;
  const profile = profileDir === undefined ? {} : { profileDir };
  await using started = new AsyncDisposableStack();
  const server = started.use(spawnChild({ name: `${stack}-server`, cores: serverCores, ...profile }));
  const client = started.use(spawnChild({ name: `${stack}-client`, cores: clientCores, ...profile }));
  const address = await server.ask('startServer', { stack, size });
  await client.ask('startClient', { stack, address, size });
  // From here on the pair ends them.
  const children = started.move();
  return {
    server,
    client,
    async warmUp(load) {
      await client.ask('run', load);
    },
    async measure(load) {
      const before = await server.ask('usage');
      const run = await client.ask('run', load);
      const after = await server.ask('usage');
      return sampleOf(run, after.cpuUs - before.cpuUs);
    },
    async connect(clients) {
      const usage = async () => (await server.ask('usage')).cpuUs + (await client.ask('usage')).cpuUs;
      const before = await usage();
      await client.ask('holdOpen', { stack, address, clients, size });
      return ((await usage()) - before) / clients;
    },
    [Symbol.asyncDispose]: () => children.disposeAsync(),
  };
}

function sampleOf(run: Run, serverCpuUs: number): Sample {
  const { calls, ms, cpuUs, p50, p95, p99 } = run;
  return {
    callsPerSecond: (calls / ms) * 1000,
    p50,
    p95,
    p99,
    serverUs: serverCpuUs / calls,
    clientUs: cpuUs / calls,
  };
}
