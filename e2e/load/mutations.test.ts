import { randomUUID } from 'node:crypto';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect, InDoubtError, type ConnectOptions, type TransportName } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { commentRows } from '../src/comment-rows.ts';
import { startFaultProxy, type FaultProxy } from '../src/fault-proxy/index.ts';
import { startWeather } from '../src/load/weather.ts';
import { plainWikiContract } from '../src/plain-wiki.ts';
import { untilIdle } from '../src/server-idle.ts';
import { newAuthor, startWikis, type Wikis } from '../src/wikis.ts';

// Ten thousand comments through a network with all kinds of faults, counted in the server's database.

const mutations = 5000;
const clients = 16;
/** Calls in progress for each client. */
const abreast = 3;

let wikis: Wikis;
let proxy: FaultProxy;
/** Number of comment calls that the proxy has passed on. */
let passedOn: number;

beforeAll(async () => {
  wikis = await startWikis(['127.0.0.1']);
});
afterAll(async () => {
  await wikis[Symbol.asyncDispose]();
});
beforeEach(async () => {
  passedOn = 0;
  proxy = await startFaultProxy(wikis.replicas[0]?.url ?? '', {
    onPassedOn: (bytes) => (passedOn += bytes.toString('latin1').match(/comments\.create/g)?.length ?? 0),
  });
});

/** A client for each user, half of them over HTTP, where each call may use a separate connection. */
function optionsOf(token: string, n: number): ConnectOptions<'user'> {
  const transport: TransportName = n % 2 === 0 ? 'websocket' : 'http';
  return {
    as: 'user',
    url: proxy.url,
    token,
    log: silentLogger,
    transport,
    timeoutMs: 400,
    deadlineMs: 2000,
    retryPolicy: { attempts: 1, baseMs: 50, jitter: 0.2 },
    // The breaker would only spare the server, which is not tested here.
    breaker: { consecutiveFailures: Infinity, successRate: 0 },
  };
}

/** Makes all calls, several at once for each user; afterwards no request can still arrive. */
async function makeAll(
  worker: (
    options: ConnectOptions<'user'>,
    pageId: string,
  ) => AsyncDisposable & { make(n: number): Promise<void> },
): Promise<void> {
  let next = 0;
  const workers: ReturnType<typeof worker>[] = [];
  for (let n = 0; n < clients; n++) {
    const { token, pageIds } = await newAuthor(wikis, 1);
    workers.push(worker(optionsOf(token, n), pageIds[0] ?? ''));
  }
  const weather = startWeather(proxy, 7);
  const work = async ({ make }: (typeof workers)[number]): Promise<void> => {
    for (let n = next++; n < mutations; n = next++) {
      // The last calls are made without faults, so that all can be completed.
      if (n >= mutations * 0.98) await weather.end();
      await make(n);
    }
  };
  await Promise.all(workers.flatMap((one) => Array.from({ length: abreast }, () => work(one))));
  await weather.end();
  await Promise.all(workers.map((one) => one[Symbol.asyncDispose]()));
  await proxy[Symbol.asyncDispose]();
  await untilIdle(wikis);
}

/** The outcome of a comment: its id, its error, or doubt. */
type Fate = Readonly<{ text: string } & ({ id: string } | { failed: string } | { inDoubt: string })>;

test('plain mutations are there exactly once, never, or, where that is said, at most once', async () => {
  const word = `plain-${randomUUID()}`;
  const fates: Fate[] = [];
  await makeAll((options, pageId) => {
    const wiki = connect(plainWikiContract, options);
    return {
      async make(n) {
        const text = `${word} ${n}`;
        const fate = await wiki.comments.create.mutate({ pageId, body: text }).then(
          ({ id }) => ({ id }),
          (error: unknown) =>
            error instanceof InDoubtError && error.data.inDoubt
              ? { inDoubt: error.message }
              : { failed: String(error) },
        );
        fates.push({ text, ...fate });
      },
      [Symbol.asyncDispose]: () => wiki[Symbol.asyncDispose](),
    };
  });
  const rows = await commentRows(wikis.database, word);
  const idsOf = ({ text }: Fate): readonly string[] => rows.get(text) ?? [];

  const succeeded = fates.filter((fate) => 'id' in fate);
  const failed = fates.filter((fate) => 'failed' in fate);
  const inDoubt = fates.filter((fate) => 'inDoubt' in fate);
  const doneInDoubt = inDoubt.filter((fate) => idsOf(fate).length > 0);
  expect(fates).toHaveLength(mutations);
  expect(succeeded.filter((fate) => idsOf(fate).join() !== fate.id)).toEqual([]);
  expect(failed.filter((fate) => idsOf(fate).length > 0)).toEqual([]);
  expect(inDoubt.filter((fate) => idsOf(fate).length > 1)).toEqual([]);
  expect(rows.size).toBe(succeeded.length + doneInDoubt.length);
  // There were enough faults: both outcomes occurred, and doubt was justified both ways.
  expect(inDoubt.length).toBeGreaterThan(200);
  expect(doneInDoubt.length).toBeGreaterThan(100);
  expect(inDoubt.length - doneInDoubt.length).toBeGreaterThan(100);
  expect(failed.length).toBeGreaterThan(200);
}, 150_000);

test('mutations with a key, made again until they succeed, are there exactly once', async () => {
  const word = `keyed-${randomUUID()}`;
  const told = new Map<string, string>();
  let again = 0;
  await makeAll((options, pageId) => {
    const wiki = connect(wikiContract, options);
    return {
      async make(n) {
        const body = `${word} ${n}`;
        for (let idempotencyKey: string | undefined = randomUUID(); !told.has(body);) {
          try {
            const { id } = await wiki.comments.create.mutate(
              { pageId, body },
              { context: { idempotencyKey } },
            );
            told.set(body, id);
          } catch (error) {
            again += 1;
            // A call that was certainly not executed may be repeated with any key.
            idempotencyKey = error instanceof InDoubtError ? error.idempotencyKey : idempotencyKey;
          }
        }
      },
      [Symbol.asyncDispose]: () => wiki[Symbol.asyncDispose](),
    };
  });
  const rows = await commentRows(wikis.database, word);
  expect(told.size).toBe(mutations);
  expect([...rows.values()].filter((ids) => ids.length > 1)).toEqual([]);
  expect(new Map([...rows].map(([text, [id]]) => [text, id]))).toEqual(told);
  // Hundreds were repeated, by the client itself and by its caller, and arrived again.
  expect(again).toBeGreaterThan(200);
  expect(passedOn - mutations).toBeGreaterThan(500);
}, 150_000);
