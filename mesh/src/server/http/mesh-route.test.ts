import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, test, vi } from 'vitest';
import type { Decision } from '../../telemetry/index.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();

async function ask(authorization?: string) {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  const { url } = suite.service;
  const answer = await fetch(`${url}/api/mesh`, { headers });
  const body = (await answer.json()) as Record<string, unknown>;
  // Those of this suite: what other suites of this process left connected stands there too.
  if (Array.isArray(body['targets']))
    body['targets'] = body['targets'].filter(({ endpoints }) => endpoints[0]?.url === url);
  return { status: answer.status, body };
}

test('services and administrators see how this process stands to the others', async () => {
  const client = suite.client();
  await client.items.get.query({ id: 1 });
  for (const authorization of [
    `Service-Token ${await suite.identity.serviceToken('wiki')}`,
    `Bearer ${await suite.identity.userToken({ role: 'admin' })}`,
  ]) {
    expect(await ask(authorization)).toEqual({
      status: 200,
      body: {
        service: 'shop',
        version: '1',
        contract: expect.stringMatching(/^[0-9a-f]{16}$/),
        timestamp: expect.stringMatching(/^\d{4}-/),
        targets: [
          {
            target: 'shop',
            as: 'till',
            contract: expect.stringMatching(/^[0-9a-f]{16}$/),
            refused: [],
            in_flight: 0,
            retry_budget: 100,
            endpoints: [
              {
                url: suite.service.url,
                ip: null,
                contract: expect.stringMatching(/^[0-9a-f]{16}$/),
                breaker: 'closed',
                ejected: false,
                leaving: false,
                in_flight: 0,
                latency_ms: expect.any(Number),
              },
            ],
          },
        ],
        server: {
          shedding: false,
          clients: [
            { caller: 'anyone', contract: expect.toBeOneOf([null, expect.any(String)]), connections: 1 },
          ],
          queued: 0,
          event_loop_delay_ms: expect.any(Number),
          procedures: expect.arrayContaining([{ path: 'items.get', limit: 1024, in_flight: 0 }]),
        },
      },
    });
  }
});

test('a client that is closed is not among the targets any more', async () => {
  const client = suite.client();
  await client.items.get.query({ id: 1 });
  await client[Symbol.asyncDispose]();
  const { body } = await ask(`Service-Token ${await suite.identity.serviceToken('wiki')}`);
  expect(body).toMatchObject({ targets: [] });
});

test('users and strangers see nothing', async () => {
  expect(await ask(`Bearer ${await suite.identity.userToken({ role: 'user' })}`)).toMatchObject({
    status: 403,
    body: { error: { data: { code: 'FORBIDDEN' } } },
  });
  expect(await ask()).toMatchObject({ status: 401, body: { error: { data: { code: 'UNAUTHORIZED' } } } });
  expect((await ask('Bearer nonsense')).status).toBe(401);
});

test('each attempt and each decision is told to those who listen, and counted', async () => {
  const heard: Decision[] = [];
  const listener = (message: unknown): void => void heard.push(message as Decision);
  subscribe('arcadium:decisions', listener);
  try {
    const client = suite.client({ retryPolicy: { attempts: 1, baseMs: 1, jitter: 0 } });
    await client.items.get.query({ id: 1 });
    await suite.service.stop();
    await expect(client.items.get.query({ id: 1 })).rejects.toThrow();
    const of = (decision: string) =>
      heard.filter((one) => one.side === 'client' && one.decision === decision);
    await vi.waitFor(() => expect(of('no-retry')).toHaveLength(1));
    expect(of('attempt')).toMatchObject([
      { target: 'shop', procedure: 'items.get', reason: 'OK', endpoint: suite.service.url },
      { reason: 'SERVICE_UNAVAILABLE' },
      { reason: 'SERVICE_UNAVAILABLE' },
    ]);
    expect(of('retry')).toMatchObject([{ reason: 'SERVICE_UNAVAILABLE', procedure: 'items.get', waitMs: 1 }]);
    expect(of('no-retry')).toMatchObject([{ reason: 'exhausted' }]);
  } finally {
    unsubscribe('arcadium:decisions', listener);
  }
});
