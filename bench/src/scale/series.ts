import { spawnChild, clientCores, serverCores, type Child } from '../process/spawn.ts';
import type { Address, Size } from '../stack.ts';
import type { StackName } from '../stacks/index.ts';

/** A server and its clients at one point of a series. */
export interface Point {
  readonly at: number;
  readonly server: Child;
  readonly clients: readonly Child[];
}

/** How the cost of a call grows with one quantity. */
export interface Series {
  readonly name: string;
  readonly title: string;
  readonly values: readonly number[];
  start(stack: StackName, at: number, owner: AsyncDisposableStack): Promise<Point>;
}

export const series: readonly Series[] = [
  {
    name: 'clients',
    title: 'Client processes of 64 in flight each',
    values: [1, 2, 4, 8],
    start: (stack, at, owner) => start(stack, { at, clients: at }, owner),
  },
  {
    name: 'connections',
    title: 'Idle connections beside one busy client',
    values: [1, 10, 100, 1000],
    async start(stack, at, owner) {
      const point = await start(stack, { at }, owner);
      const holder = owner.use(spawnChild({ name: `${stack}-holder`, cores: clientCores }));
      await holder.ask('holdOpen', { stack, address: point.address, clients: at });
      return point;
    },
  },
  {
    name: 'procedures',
    title: 'Procedures in the router',
    values: [10, 100, 1000],
    start: (stack, at, owner) => start(stack, { at, size: { procedures: at } }, owner),
  },
  {
    name: 'tokens',
    title: 'Distinct tokens, shown in turn',
    values: [1, 100, 5000, 20_000],
    start: (stack, at, owner) => start(stack, { at, size: { tokens: at } }, owner),
  },
];

async function start(
  stack: StackName,
  options: { at: number; clients?: number; size?: Size },
  owner: AsyncDisposableStack,
): Promise<Point & { readonly address: Address }> {
  const { at, clients: count = 1, size = {} } = options;
  const server = owner.use(spawnChild({ name: `${stack}-server`, cores: serverCores }));
  const address = await server.ask('startServer', { stack, size });
  const clients = Array.from({ length: count }, () =>
    owner.use(spawnChild({ name: `${stack}-client`, cores: clientCores })),
  );
  await Promise.all(clients.map((client) => client.ask('startClient', { stack, address, size })));
  return { at, server, address, clients };
}
