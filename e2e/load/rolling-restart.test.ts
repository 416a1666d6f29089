import { Agent } from 'node:http';
import { expect, test } from 'vitest';
import { openLoop } from '../src/load/open-loop.ts';
import { plainRequest } from '../src/load/plain-request.ts';
import { startReadyProxy } from '../src/load/ready-proxy.ts';
import { startStandIn, type StandIn } from '../src/stand-ins/stand-in.ts';

// Three replicas behind a proxy that checks /readyz, replaced one after the other as an orchestrator does.

const replicas = 3;
/** Several times what the proxy needs to notice that a replica is not ready. */
const drainDelayMs = 1000;

async function echo(url: string, n: number, agent: Agent | false): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await plainRequest(`${url}/trpc/echo`, { agent, headers, body: JSON.stringify({ n }) });
  if (answer.body !== `{"result":{"data":{"n":${n}}}}`) throw new Error(`${answer.status}: ${answer.body}`);
}

test('all are replaced under 200 new connections a second, and others that are kept: none is refused, none is reset', async () => {
  const start = () => startStandIn('steady.ts', String(drainDelayMs));
  const running = await Promise.all(Array.from({ length: replicas }, start));
  const urls = new Set(running.map(({ url }) => url));
  await using proxy = await startReadyProxy(urls);
  // Each is used five times a second: a connection that is idle for more than 1 s is closed.
  const kept = Array.from({ length: 20 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  let over = false;
  const stopped = () => over;
  const load = Promise.all([
    openLoop({ perSecond: 200, stopped, call: (n) => echo(proxy.url, n, false) }),
    openLoop({ perSecond: 100, stopped, call: (n) => echo(proxy.url, n, kept[n % 20] as Agent) }),
  ]);
  const replace = async (old: StandIn): Promise<StandIn> => {
    const next = await start();
    urls.add(next.url);
    old.process.signal('SIGTERM');
    expect(await old.process.ended).toBe(0);
    urls.delete(old.url);
    return next;
  };
  const replaced: StandIn[] = [];
  for (const old of running) replaced.push(await replace(old));
  over = true;
  const [fresh, reused] = await load;
  for (const agent of kept) agent.destroy();
  await Promise.all(replaced.map((one) => one[Symbol.asyncDispose]()));
  expect({ fresh: fresh.failures, reused: reused.failures }).toEqual({ fresh: [], reused: [] });
  expect(fresh.calls).toBeGreaterThan((200 * replicas * drainDelayMs) / 1000 / 2);
});
