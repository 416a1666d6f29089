import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { ShopSuite } from '../../../testing/shop-suite.ts';

// Connections that are dead and do not say so, on real sockets.

const suite = new ShopSuite();

/** What a proxy does with the bytes of one connection; nothing is ever passed on later but what `held` says. */
type Passing = 'all' | 'requests' | 'nothing';

/** A TCP proxy before the service; new connections pass, those that stand do as they are told. */
class Proxy {
  /** Of each connection, in order. */
  readonly links: { passing: Passing; upgrade: boolean; sent: Buffer[]; held: Buffer[]; caller: Socket }[] =
    [];
  readonly #server = createServer((caller) => this.#take(caller));

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    suite.cleanups.push(() => {
      this.#server.close();
      for (const { caller } of this.links) caller.destroy();
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get upgrades(): number {
    return this.links.filter(({ upgrade }) => upgrade).length;
  }

  let(passing: Passing): void {
    for (const link of this.links) link.passing = passing;
  }

  /** Answers that were held back arrive after all. */
  release(): void {
    for (const link of this.links) {
      link.passing = 'all';
      for (const chunk of link.held.splice(0)) link.caller.write(chunk);
    }
  }

  #take(caller: Socket): void {
    const server = connectTcp(suite.service.port, '127.0.0.1');
    const link: Proxy['links'][number] = { passing: 'all', upgrade: false, sent: [], held: [], caller };
    this.links.push(link);
    caller.on('error', () => {});
    server.on('error', () => caller.destroy());
    caller.on('close', () => server.destroy());
    server.on('close', () => link.passing === 'all' && caller.destroy());
    caller.on('data', (chunk: Buffer) => {
      if (link.sent.length === 0) link.upgrade = /upgrade: websocket/i.test(chunk.toString('latin1'));
      link.sent.push(chunk);
      if (link.passing !== 'nothing') server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (link.passing === 'all') caller.write(chunk);
      else link.held.push(chunk);
    });
  }
}

/** Pings of a WebSocket that sends them alone, unmasked by the mask of zeros. */
const pings = ({ sent }: Proxy['links'][number]): number => sent.filter((chunk) => chunk[0] === 0x89).length;
const codeOf = (thrown: unknown) => (thrown as { data?: { code?: string } }).data?.code;

async function start(options: Parameters<ShopSuite['client']>[0] = {}) {
  const proxy = new Proxy();
  const client = suite.client({ url: await proxy.start(), ...options });
  await client.items.get.query({ id: 1 });
  return { proxy, client };
}

test.each(['nothing', 'requests'] as const)(
  'after a time-out on a connection that lets %s pass, calls go past it, and soon over another',
  async (passing) => {
    const { proxy, client } = await start({ timeoutMs: 1200 });
    proxy.let(passing);
    expect(codeOf(await client.items.get.query({ id: 2 }).catch((thrown: unknown) => thrown))).toBe(
      'TIMEOUT',
    );
    expect(await client.items.get.query({ id: 3 })).toMatchObject({ id: 3 });
    await vi.waitFor(
      async () => {
        await client.items.get.query({ id: 4 });
        expect(proxy.upgrades).toBe(2);
      },
      { timeout: 2000 },
    );
    // The dead one is not kept, as nobody waits for anything on it.
    await expect.poll(() => proxy.links[0]?.caller.destroyed).toBe(true);
  },
);

test('a retry after a time-out is answered', async () => {
  const retryPolicy = { attempts: 1, baseMs: 1000, jitter: 0 };
  const { proxy, client } = await start({ timeoutMs: 1200, retryPolicy });
  proxy.let('nothing');
  expect(await client.items.get.query({ id: 2 })).toMatchObject({ id: 2 });
  expect(proxy.upgrades).toBe(2);
});

test('a slow handler costs a ping, and no connection', async () => {
  const { proxy, client } = await start({ timeoutMs: 1200 });
  for (let call = 0; call < 2; call += 1) {
    expect(codeOf(await client.stock.hang.mutate().catch((thrown: unknown) => thrown))).toBe('TIMEOUT');
    await delay(100);
    expect(await client.items.get.query({ id: 2 })).toMatchObject({ id: 2 });
  }
  expect(proxy.links).toHaveLength(1);
});

test('a caller that hangs up after a moment says nothing of the connection', async () => {
  const { proxy, client } = await start();
  const call = client.stock.hang.mutate(undefined, { signal: AbortSignal.timeout(100) });
  await expect(call).rejects.toMatchObject({ data: { code: 'CLIENT_CLOSED_REQUEST' } });
  expect(await client.items.get.query({ id: 2 })).toMatchObject({ id: 2 });
  expect(proxy.links.map(pings)).toEqual([0]);
});

test('where calls are under way a dead connection is noticed before they are given up', async () => {
  const { proxy, client } = await start({ timeoutMs: 20_000, deadlineMs: 20_000 });
  const lost = client.stock.hang.mutate().catch((thrown: unknown) => thrown);
  await expect.poll(() => suite.state.hung.length).toBe(1);
  proxy.let('nothing');
  const startedAt = performance.now();
  await vi.waitFor(() => expect(proxy.links.map(pings)).toEqual([1]), { timeout: 3000 });
  // As soon as the ping has had no answer for a second.
  await delay(1100);
  expect(await client.items.get.query({ id: 2 })).toMatchObject({ id: 2 });
  expect(performance.now() - startedAt).toBeLessThan(4000);
  // What was under way is not taken from it while there is hope.
  expect(proxy.links[0]?.caller.destroyed).toBe(false);
  expect(codeOf(await lost)).toBe('SERVICE_UNAVAILABLE');
  expect(performance.now() - startedAt).toBeLessThan(8000);
}, 15_000);

test('a connection that was only held up is used again', async () => {
  const { proxy, client } = await start({ timeoutMs: 1200 });
  proxy.let('requests');
  await expect(client.items.get.query({ id: 2 })).rejects.toMatchObject({ data: { code: 'TIMEOUT' } });
  proxy.release();
  await delay(100);
  expect(await client.items.get.query({ id: 3 })).toMatchObject({ id: 3 });
  expect(proxy.links).toHaveLength(1);
});

test('a connection at rest sends nothing', async () => {
  const { proxy } = await start();
  const before = proxy.links.map(({ sent }) => sent.length);
  await delay(3200);
  expect(proxy.links.map(({ sent }) => sent.length)).toEqual(before);
});

test('over HTTP a retry takes no other connection that has been dead for as long', async () => {
  const retryPolicy = { attempts: 1, baseMs: 1, jitter: 0 };
  const { proxy, client } = await start({ transport: 'http', timeoutMs: 500, retryPolicy });
  await Promise.all([1, 2, 3].map((id) => client.items.get.query({ id })));
  expect(proxy.links.length).toBeGreaterThan(1);
  proxy.let('nothing');
  const answers = await Promise.all([1, 2, 3].map((id) => client.items.get.query({ id })));
  expect(answers.map(({ id }) => id)).toEqual([1, 2, 3]);
  for (const id of [4, 5]) expect(await client.items.get.query({ id })).toMatchObject({ id });
});
