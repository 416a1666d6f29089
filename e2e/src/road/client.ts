import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { Coverage } from './coverage.ts';
import { shelf } from './shelf.ts';

// Prints the files of the mesh that one warm query over a WebSocket passes, at each end, as JSON.

const server = fork(join(import.meta.dirname, 'server.ts'));
const [{ url, token }] = (await once(server, 'message')) as [{ url: string; token: string }];
const client = connect(shelf, { as: 'till', url, token, log: silentLogger });
const coverage = new Coverage();
await coverage.start();

/** What was run since the last time. */
async function take(): Promise<{ client: string[]; server: string[] }> {
  const answered = once(server, 'message');
  server.send('take');
  return { client: await coverage.take(), server: (await answered)[0] as string[] };
}

const query = () => client.items.get.query({ id: 1 });
for (let call = 0; call < 50; call++) await query();
const taken = [];
for (let round = 0; round < 5; round++) {
  await take();
  await query();
  taken.push(await take());
}
/** What each round had: timers of both ends may have run in one of them. */
const inAll = (files: string[][]): string[] =>
  (files[0] ?? []).filter((file) => files.every((others) => others.includes(file))).toSorted();
const road = {
  client: inAll(taken.map((files) => files.client)),
  server: inAll(taken.map((files) => files.server)),
};
process.stdout.write(`${JSON.stringify(road)}\n`);
await client[Symbol.asyncDispose]();
server.kill();
