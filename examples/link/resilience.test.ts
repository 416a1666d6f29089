// The server is a process that nothing was changed in; here it is killed, stopped and replaced.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { isInDoubt } from '@arcadium/mesh/link';
import { afterEach, expect, test } from 'vitest';
import express from 'express';
import { createClient, createPage, listSlowly, serveMetrics } from './tuned.ts';

const processes = new Set<ChildProcess>();
afterEach(() => {
  for (const each of processes) each.kill('SIGKILL');
  processes.clear();
});

async function startServer(port = '0') {
  const server = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'server.ts'], {
    cwd: import.meta.dirname,
    env: { ...process.env, PORT: port },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.add(server);
  const [url] = (await once(createInterface(server.stdout), 'line')) as [string];
  return { server, url };
}

type Client = ReturnType<typeof createClient>;

/** Eight callers, each with one call after another, until told to stop. */
function load(client: Client) {
  const failures = { queries: [] as unknown[], mutations: [] as unknown[] };
  const created = new Set<string>();
  let calls = 0;
  const over = new AbortController();
  const caller = async (name: number) => {
    for (let number = 0; !over.signal.aborted; number += 1) {
      calls += 1;
      const slug = `page-${name}-${number}`;
      await client.pages.list.query().catch((error: unknown) => failures.queries.push(error));
      await client.pages.create.mutate({ slug, title: slug }).then(
        () => created.add(slug),
        (error: unknown) => failures.mutations.push(error),
      );
      await delay(5);
    }
  };
  const callers = Array.from({ length: 8 }, (_, name) => caller(name));
  return {
    get calls() {
      return calls;
    },
    async stop() {
      over.abort();
      await Promise.all(callers);
      return { ...failures, created };
    },
  };
}

test('the server is killed under load and started again: no query fails, mutations fail only in doubt', async () => {
  const first = await startServer();
  const client = createClient([first.url], () => 'ann');
  const made = load(client);
  await expect.poll(() => made.calls, { timeout: 20_000 }).toBeGreaterThan(100);
  first.server.kill('SIGKILL');
  await once(first.server, 'exit');
  await startServer(new URL(first.url).port);
  const before = made.calls;
  await expect.poll(() => made.calls, { timeout: 20_000 }).toBeGreaterThan(before + 100);
  const { queries, mutations } = await made.stop();
  expect(queries).toEqual([]);
  // At most the one call of each caller that was under way.
  expect(mutations.length).toBeLessThanOrEqual(8);
  expect(mutations.every(isInDoubt)).toBe(true);
});

test('one of two servers is killed under load: the other takes its calls', async () => {
  const [first, second] = [await startServer(), await startServer()];
  const client = createClient([first.url, second.url], () => 'ann');
  const made = load(client);
  await expect.poll(() => made.calls, { timeout: 20_000 }).toBeGreaterThan(100);
  first.server.kill('SIGKILL');
  const before = made.calls;
  await expect.poll(() => made.calls, { timeout: 20_000 }).toBeGreaterThan(before + 200);
  const { queries, mutations } = await made.stop();
  expect(queries).toEqual([]);
  expect(mutations.length).toBeLessThanOrEqual(8);
  expect(mutations.every(isInDoubt)).toBe(true);
});

test('a server that hangs: calls end when their time is up', async () => {
  const { server, url } = await startServer();
  const client = createClient([url], () => 'ann');
  await client.pages.list.query();
  server.kill('SIGSTOP');
  const started = performance.now();
  const mutation = client.pages.create.mutate({ slug: 'a', title: 'A' });
  await expect(mutation).rejects.toMatchObject({ data: { code: 'TIMEOUT', inDoubt: true } });
  expect(performance.now() - started).toBeGreaterThan(900);
  expect(performance.now() - started).toBeLessThan(4000);
  const slow = listSlowly(client, AbortSignal.timeout(300));
  await expect(slow).rejects.toMatchObject({ data: { code: 'CLIENT_CLOSED_REQUEST' } });
  // Who creates a page learns in the end whether it is there.
  setTimeout(() => server.kill('SIGCONT'), 1500);
  expect(await createPage(client, { slug: 'b', title: 'B' })).toMatchObject({ slug: 'b', author: 'ann' });
});

test('the app serves the metrics of the link beside its own routes', async () => {
  const { url } = await startServer();
  await createClient([url], () => 'ann').pages.list.query();
  const app = express();
  serveMetrics(app);
  const listening = app.listen(0);
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  listening.close();
  expect(metrics).toMatch(/^mesh_client_\w+.*procedure="pages.list"/m);
});
