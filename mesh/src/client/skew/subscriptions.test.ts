import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { anyone, contract, query, subscription } from '../../contract/index.ts';
import { tracked, type ServeOptions } from '../../server/index.ts';
import { mismatch, useReleases } from './testing/use-releases.ts';

const { cleanups, calls, start, clientOf } = useReleases();

interface Observer {
  onData: (event: { data: unknown }) => void;
  onError: (error: unknown) => void;
}

describe.each(['websocket', 'http'] as const)('subscriptions beside calls over %s', (transport) => {
  const numbers = subscription({ summary: 'Numbers', output: z.object({ n: z.int() }), access: anyone });
  const names = subscription({ summary: 'Names', output: z.object({ n: z.string() }), access: anyone });
  const ping = query({ summary: 'Answers', output: z.object({}), access: anyone });
  const old = contract('feed', { ping, same: numbers, changed: numbers, gone: numbers });
  const next = contract('feed', { ping, same: numbers, changed: names });

  async function* endless<Event>(event: Event, { signal }: { signal: AbortSignal | undefined }) {
    yield tracked('1', event);
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
  }
  const told = (name: string) => {
    calls.push(name);
  };
  const startOld = (options?: Partial<ServeOptions>) =>
    start<typeof old>(
      old,
      {
        ping: async () => ({}),
        same: (call) => (told('same'), endless({ n: 1 }, call)),
        changed: (call) => (told('changed'), endless({ n: 1 }, call)),
        gone: (call) => (told('gone'), endless({ n: 1 }, call)),
      },
      options,
    );
  const startNext = (options?: Partial<ServeOptions>) =>
    start<typeof next>(
      next,
      {
        ping: async () => ({}),
        same: (call) => (told('same'), endless({ n: 2 }, call)),
        changed: (call) => (told('changed'), endless({ n: 'two' }, call)),
      },
      options,
    );

  /** What a subscription gets: its events, then its error. */
  function follow(procedure: {
    subscribe: (input: undefined, options: Observer) => { unsubscribe(): void };
  }) {
    const seen: unknown[] = [];
    const subscribed = procedure.subscribe(undefined, {
      onData: ({ data }) => seen.push(data),
      onError: (error) => seen.push(error),
    });
    cleanups.push(() => subscribed.unsubscribe());
    return seen;
  }

  test('an old client at a new server: what does not fit is refused before it is sent', async () => {
    const { url } = await startNext();
    const { client, compared } = clientOf(old, url, { transport });
    await client.ping.query();
    await compared();
    const [changed, gone, same] = [follow(client.changed), follow(client.gone), follow(client.same)];
    await expect.poll(() => [changed, gone]).toMatchObject([[mismatch], [mismatch]]);
    expect(String(changed[0])).toContain('type-changed at output.n');
    await expect.poll(() => same).toEqual([{ n: 2 }]);
    expect(calls).toEqual(['same']);
  });

  test('a new client at an old server', async () => {
    const { url } = await startOld();
    const { client, compared } = clientOf(next, url, { transport });
    await client.ping.query();
    await compared();
    const [changed, same] = [follow(client.changed), follow(client.same)];
    await expect.poll(() => changed).toMatchObject([mismatch]);
    await expect.poll(() => same).toEqual([{ n: 1 }]);
    expect(calls).toEqual(['same']);
  });

  test('without any call, the answer to a subscription tells, and what comes of it does not reach the caller', async () => {
    const { url } = await startNext();
    const { client, compared } = clientOf(old, url, { transport });
    const same = follow(client.same);
    await expect.poll(() => same).toEqual([{ n: 2 }]);
    await compared();
    const gone = follow(client.gone);
    await expect.poll(() => gone).toMatchObject([mismatch]);
    const changed = follow(client.changed);
    await expect.poll(() => changed).toMatchObject([mismatch]);
  });

  test('one that reconnects to a server that it does not fit ends; one that fits goes on', async () => {
    const first = await startOld();
    const { client } = clientOf(old, first.url, { transport });
    const [same, changed] = [follow(client.same), follow(client.changed)];
    await expect.poll(() => [same, changed]).toEqual([[{ n: 1 }], [{ n: 1 }]]);
    await first.stop();
    await startNext({ port: first.port });
    await expect.poll(() => same, { timeout: 20_000 }).toEqual([{ n: 1 }, { n: 2 }]);
    // The first answer of the new contract may come before it was compared; its events are not of this client's contract.
    const again = follow(client.changed);
    await expect.poll(() => again.at(-1), { timeout: 20_000 }).toMatchObject(mismatch);
  });

  test('in a rolling release each goes to an endpoint that it fits', async () => {
    const [one, two] = await Promise.all([startOld(), startNext()]);
    const { client, compared } = clientOf(old, [one.url, two.url], { transport });
    for (let made = 0; made < 40; made += 1) await client.ping.query();
    await compared();
    calls.length = 0;
    const all = Array.from({ length: 10 }, () => follow(client.changed));
    await expect.poll(() => all).toEqual(all.map(() => [{ n: 1 }]));
    expect(calls).toHaveLength(10);
  });
});
