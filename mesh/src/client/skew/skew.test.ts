import { createTRPCClient } from '@trpc/client';
import { describe, expect, test, vi } from 'vitest';
import {
  contract,
  contractHash,
  describeContract,
  type ContractSnapshot,
  type RouterOf,
} from '../../contract/index.ts';
import { meshLink } from '../../link/index.ts';
import { targetStates } from '../../telemetry/index.ts';
import { after, before } from './testing/two-releases.ts';
import { recordingLogger } from '../../testing/index.ts';
import { failureOf, mismatch, useReleases } from './testing/use-releases.ts';

const { cleanups, calls, startBefore, startAfter, clientOf, tokenOf } = useReleases();

const oldHash = describeContract(before).hash;
const newHash = describeContract(after).hash;

describe.each(['websocket', 'http'] as const)('over %s', (transport) => {
  test('an old client at a new server: what does not fit is refused before it is sent, everything else goes on', async () => {
    const { url } = await startAfter();
    const { client, log, compared } = clientOf(before, url, { transport });
    // Unknown properties are ignored, and an unknown value of an open enum is read.
    expect(await client.get.query({ id: 1 })).toEqual({ name: 'lamp', state: 'lost' });
    await compared();
    calls.length = 0;
    await expect(client.put.mutate()).rejects.toMatchObject(mismatch);
    await expect(client.drop.mutate()).rejects.toMatchObject(mismatch);
    await expect(client.drop.mutate()).rejects.toThrow(
      `store.drop cannot be called: the server's contract (${newHash}, version 2.0.0) does not fit this client's (${oldHash}): procedure-removed: a procedure was removed`,
    );
    await expect(client.find.query({ text: 'too long' })).rejects.toThrow('max-length-lowered at input.text');
    expect(calls).toEqual([]);
    expect(await client.find.query({ text: 'ok' })).toEqual({ found: 1 });
    expect(await client.get.query({ id: 1 })).toEqual({ name: 'lamp', state: 'lost' });
    expect(calls).toEqual(['find', 'get']);
    const told = log.lines.filter(({ message }) => message.startsWith('the server has another contract'));
    expect(told.map(({ fields }) => fields)).toEqual([
      {
        target: 'store',
        endpoint: url,
        ours: oldHash,
        theirs: newHash,
        version: '2.0.0',
        refused: ['find', 'put', 'drop', 'watch'],
      },
    ]);
  });

  test('a new client at an old server', async () => {
    const { url } = await startBefore();
    const { client, compared } = clientOf(after, url, { transport });
    await client.find.query({ text: 'a' });
    await compared();
    calls.length = 0;
    await expect(client.count.query()).rejects.toThrow('procedure-removed');
    await expect(client.put.mutate()).rejects.toThrow('type-changed at output.id');
    // The old server sends no price.
    await expect(client.get.query({ id: 1 })).rejects.toThrow('property-removed-required at output.price');
    expect(calls).toEqual([]);
    expect(await client.find.query({ text: 'abc' })).toEqual({ found: 1 });
  });

  test('an old client does not subscribe at a new server to what does not fit', async () => {
    const { url } = await startAfter();
    const { client, log, compared } = clientOf(before, url, { transport });
    // The first connection tells the contract, and its events wait for the comparison.
    const first = watching((on) => client.watch.subscribe(undefined, on));
    await vi.waitFor(() => expect(first.failed).toMatchObject([mismatch]), { timeout: 10_000 });
    expect(first.seen).toEqual([]);
    await compared();
    await client.get.query({ id: 1 });
    calls.length = 0;
    const second = watching((on) => client.watch.subscribe(undefined, on));
    await vi.waitFor(() => expect(second.failed).toMatchObject([mismatch]), { timeout: 10_000 });
    expect(String(second.failed[0])).toContain('store.watch cannot be called');
    expect(calls).toEqual([]);
    const fitting = watching((on) => client.follow.subscribe(undefined, on));
    await vi.waitFor(() => expect(fitting.seen).toEqual([{ id: 1, at: 'noon' }]), { timeout: 10_000 });
    expect(fitting.failed).toEqual([]);
    fitting.unsubscribe();
    expect(log.lines.filter(({ message }) => message.startsWith('a subscription'))).toEqual([]);
  });

  test('a new client does not subscribe at an old server to what does not fit', async () => {
    const { url } = await startBefore();
    const { client, compared } = clientOf(after, url, { transport });
    await client.find.query({ text: 'a' });
    await compared();
    calls.length = 0;
    const watch = watching((on) => client.watch.subscribe(undefined, on));
    const follow = watching((on) => client.follow.subscribe(undefined, on));
    for (const { failed } of [watch, follow])
      await vi.waitFor(() => expect(failed).toMatchObject([mismatch]), { timeout: 10_000 });
    expect(calls).toEqual([]);
  });

  test('a subscription ends when it is back at a server that it does not fit', async () => {
    const first = await startBefore();
    const { client } = clientOf(before, first.url, { transport });
    const unfit = watching((on) => client.watch.subscribe(undefined, on));
    const fitting = watching((on) => client.follow.subscribe(undefined, on));
    await vi.waitFor(() => expect([unfit.seen, fitting.seen]).toEqual([[{ id: 1 }], [{ id: 1 }]]), {
      timeout: 10_000,
    });
    await first.stop();
    await startAfter({ port: first.port });
    await vi.waitFor(() => expect(unfit.failed).toMatchObject([mismatch]), { timeout: 10_000 });
    await vi.waitFor(() => expect(fitting.seen).toEqual([{ id: 1 }, { id: 1, at: 'noon' }]), {
      timeout: 10_000,
    });
    expect(unfit.seen).toEqual([{ id: 1 }]);
    expect(fitting.failed).toEqual([]);
    fitting.unsubscribe();
  });

  test('a client that is equal but for its prose compares nothing', async () => {
    const { url } = await startBefore();
    const same = contract('store', {
      ...before.procedures,
      get: { ...before.procedures.get, summary: 'In other words' },
    });
    const { client, log } = clientOf(same, url, { transport });
    for (let made = 0; made < 20; made += 1) await client.get.query({ id: 1 });
    expect(log.lines).toEqual([]);
  });

  test('a server that is replaced is compared again', async () => {
    const first = await startAfter();
    const { client, log, compared } = clientOf(before, first.url, { transport });
    await client.find.query({ text: 'a' });
    await compared();
    await expect(client.drop.mutate()).rejects.toMatchObject(mismatch);
    await first.stop();
    const second = await startBefore({ port: first.port });
    expect(second.url).toBe(first.url);
    // No other call tells that the server is another one.
    await vi.waitFor(async () => expect(await client.drop.mutate()).toEqual({}), { timeout: 10_000 });
    await second.stop();
    await startAfter({ port: first.port });
    calls.length = 0;
    // What is known of it holds at once, although the connection is new: nothing is sent.
    const failure = await vi.waitFor(
      async () => {
        const error: unknown = await client.drop.mutate().catch((thrown: unknown) => thrown);
        expect(error).toMatchObject(mismatch);
        return error;
      },
      { timeout: 10_000 },
    );
    expect(failure).toMatchObject(mismatch);
    expect(calls).toEqual([]);
    expect(log.lines.filter(({ message }) => message.includes('refused before they are sent'))).toHaveLength(
      1,
    );
  });

  test('in a rolling release each call goes to an endpoint that it fits, and none fails', async () => {
    const [one, two] = await Promise.all([startBefore(), startAfter()]);
    const urls = [one.url, two.url];
    const { client, compared } = clientOf(before, urls, { transport });
    for (let made = 0; made < 40; made += 1) await client.get.query({ id: 1 });
    await compared();
    calls.length = 0;
    const made = await Promise.all([
      ...Array.from({ length: 40 }, () => client.drop.mutate()),
      ...Array.from({ length: 40 }, () => client.put.mutate()),
    ]);
    expect(made).toHaveLength(80);
    expect(calls).toHaveLength(80);
    const { endpoints } = stateAt(one.url);
    expect(endpoints.map(({ contract: hash }) => hash)).toEqual([oldHash, newHash]);
    await one.stop();
    calls.length = 0;
    // The endpoint that it fits may come back.
    expect(await failureOf(client.drop.mutate())).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' } });
    expect(calls).toEqual([]);
    expect(await client.get.query({ id: 1 })).toMatchObject({ name: 'lamp' });
  });
});

interface Watching {
  onData(event: unknown): void;
  onError(error: unknown): void;
}

function watching(subscribe: (on: Watching) => { unsubscribe(): void }) {
  const seen: unknown[] = [];
  const failed: unknown[] = [];
  const subscription = subscribe({
    onData: (event) => seen.push((event as { data: unknown }).data),
    onError: (error) => failed.push(error),
  });
  return { seen, failed, unsubscribe: () => subscription.unsubscribe() };
}

const stateAt = (url: string) => {
  const found = targetStates().find(({ endpoints }) => endpoints[0]?.url === url);
  if (!found) throw new Error(`no client of ${url}`);
  return found;
};

test('replicas are replaced one after the other under calls that fit both', async () => {
  const first = await Promise.all([startBefore(), startBefore()]);
  const { client } = clientOf(
    before,
    first.map(({ url }) => url),
  );
  const stopping = new AbortController();
  cleanups.push(() => stopping.abort());
  const failures: unknown[] = [];
  let answered = 0;
  const callers = Array.from({ length: 4 }, async () => {
    while (!stopping.signal.aborted)
      await client.get.query({ id: 1 }).then(
        () => (answered += 1),
        (error: unknown) => failures.push(error),
      );
  });
  for (const { port, stop } of first) {
    const so = answered;
    await vi.waitFor(() => expect(answered).toBeGreaterThan(so + 20), { timeout: 10_000 });
    await stop();
    await startAfter({ port });
  }
  const so = answered;
  await vi.waitFor(() => expect(answered).toBeGreaterThan(so + 20), { timeout: 10_000 });
  await vi.waitFor(async () => expect(await failureOf(client.drop.mutate())).toMatchObject(mismatch), {
    timeout: 10_000,
  });
  stopping.abort();
  await Promise.all(callers);
  expect(failures).toEqual([]);
});

describe.each(['websocket', 'http'] as const)('a link with a contract over %s', (transport) => {
  test('refuses what does not fit', async () => {
    const { url } = await startAfter();
    const log = recordingLogger();
    const link = meshLink<RouterOf<typeof before>>({
      url: `${url}/trpc`,
      as: 'till',
      token: tokenOf(),
      transport,
      log,
      contract: before,
      retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 },
    });
    cleanups.push(() => link[Symbol.asyncDispose]());
    const client = createTRPCClient<RouterOf<typeof before>>({ links: [link] });
    await client.get.query({ id: 1 });
    await vi.waitFor(
      () =>
        expect(log.lines.some(({ message }) => message.includes('refused before they are sent'))).toBe(true),
      { timeout: 10_000 },
    );
    calls.length = 0;
    await expect(client.drop.mutate()).rejects.toMatchObject(mismatch);
    await expect(client.put.mutate()).rejects.toMatchObject(mismatch);
    expect(calls).toEqual([]);
    expect(await client.find.query({ text: 'ok' })).toEqual({ found: 1 });
  });
});

test('a service that does not tell its contract is called on, and one line says so', async () => {
  const { url } = await startAfter({ contractAccess: 'admin' });
  const { client, log, compared } = clientOf(before, url);
  await client.get.query({ id: 1 });
  await compared();
  expect(await failureOf(client.drop.mutate())).toMatchObject({ data: { code: 'NOT_FOUND' } });
  expect(await client.get.query({ id: 1 })).toMatchObject({ name: 'lamp' });
  const told = log.lines.filter(({ message }) => message.startsWith('the server has another contract'));
  expect(told.map(({ fields }) => fields)).toEqual([
    expect.objectContaining({ reason: '/api/contract was answered with HTTP 403', theirs: newHash }),
  ]);
});

test('the state of a service tells its contract, those of its clients, and what is refused', async () => {
  const { url } = await startAfter();
  const { client, compared } = clientOf(before, url);
  // The hash is computed in the next turn.
  await new Promise(setImmediate);
  await client.get.query({ id: 1 });
  await compared();
  const answer = await fetch(`${url}/api/mesh`, { headers: { authorization: `Service-Token ${tokenOf()}` } });
  expect(await answer.json()).toMatchObject({
    contract: newHash,
    server: { clients: [{ caller: 'till', contract: oldHash, connections: 1 }] },
  });
  expect(stateAt(url)).toMatchObject({
    contract: oldHash,
    refused: ['find', 'put', 'drop', 'watch'],
    endpoints: [{ contract: newHash }],
  });
  const told = await fetch(`${url}/api/contract`, {
    headers: { authorization: `Service-Token ${tokenOf()}` },
  });
  expect(contractHash((await told.json()) as ContractSnapshot)).toBe(newHash);
});
