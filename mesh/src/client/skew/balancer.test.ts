import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { RunningService } from '../../server/index.ts';
import type { Decision } from '../../telemetry/index.ts';
import { before } from './testing/two-releases.ts';
import { failureOf, mismatch, useReleases } from './testing/use-releases.ts';

const { cleanups, calls, startBefore, startAfter, clientOf } = useReleases();

test('behind a balancer over HTTP, each process refuses for itself', async () => {
  const services = [await startAfter(), await startBefore()];
  const reached: string[] = [];
  const balancer = createServer((request, response) => {
    const turn = request.url?.startsWith('/trpc') ? reached.length : 0;
    const { url } = services[turn % 2] as RunningService;
    if (request.url?.startsWith('/trpc')) reached.push(url);
    const { method, headers } = request;
    const passed = httpRequest(`${url}${request.url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passed);
  });
  balancer.listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  cleanups.push(() => balancer.close());
  const { port } = balancer.address() as AddressInfo;
  const { client, compared } = clientOf(before, `http://127.0.0.1:${port}`, { transport: 'http' });
  // The first answer comes from the new service, which is the one that is compared.
  await client.get.query({ id: 1 });
  await compared();
  calls.length = 0;
  reached.length = 0;
  const decisions: Decision[] = [];
  const note = (decision: unknown): unknown => decisions.push(decision as Decision);
  subscribe('arcadium:decisions', note);
  onTestFinished(() => void unsubscribe('arcadium:decisions', note));
  const results: unknown[] = [];
  for (let made = 0; made < 10; made += 1) results.push(await failureOf(client.drop.mutate()));
  expect(reached).toHaveLength(10);
  for (const [index, result] of results.entries())
    expect(result).toMatchObject(reached[index] === services[1]?.url ? {} : mismatch);
  expect(calls).toEqual(Array.from({ length: 5 }, () => 'drop'));
  expect(results.filter((result) => result instanceof Error)).toHaveLength(5);
  const refused = { side: 'client', decision: 'refused', reason: 'contract', procedure: 'drop' };
  expect(decisions.filter(({ decision }) => decision === 'refused')).toEqual(
    Array.from({ length: 5 }, () => expect.objectContaining(refused)),
  );
});
