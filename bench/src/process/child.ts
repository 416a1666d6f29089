import { messagesOf } from '../message.ts';
import type { BenchClient, BenchServer } from '../stack.ts';
import { stacks } from '../stacks/index.ts';
import { drive } from './load.ts';
import type { Operations, Reply, Request } from './operations.ts';

// A process of the benchmark: the server or client of one stack. It executes what its parent sends over IPC,
// and ends with it.

let server: BenchServer | undefined;
let client: BenchClient | undefined;
const held: BenchClient[] = [];

const operations: Operations = {
  async startServer({ stack, size }) {
    server = await (await stacks[stack].load()).startServer(size);
    return server.address;
  },
  async startClient({ stack, address, size }) {
    client = await (await stacks[stack].load()).startClient(address, size);
  },
  async holdOpen({ stack, address, clients, size }) {
    const { startClient } = await stacks[stack].load();
    const message = messagesOf(150);
    for (let opened = 0; opened < clients; opened += 1) {
      const one = await startClient(address, size);
      await one.call(message());
      held.push(one);
    }
  },
  run(load) {
    if (!client) throw new Error('This process has started no client');
    return drive(client, load);
  },
  async usage() {
    const { user, system } = process.cpuUsage();
    return { cpuUs: user + system, rss: process.memoryUsage.rss() };
  },
};

async function answer({ id, operation, argument }: Request): Promise<void> {
  const reply = await (operations[operation] as (argument: unknown) => Promise<unknown>)(argument).then(
    (value): Reply => ({ id, answer: value }),
    (error: unknown): Reply => ({
      id,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }),
  );
  // The parent may be gone.
  process.send?.(reply, () => {});
}

process.on('message', (request: Request) => void answer(request));
// process.exit instead of a signal, because a profile is written at exit.
process.on('disconnect', () => process.exit());
// Ctrl-C goes to the whole process group; the parent decides when to end.
process.on('SIGINT', () => {});
