import { inspect } from 'node:util';
import { createTRPCClient, httpSubscriptionLink, retryLink } from '@trpc/client';
import { EventSource } from 'eventsource';
import { describe, expect, test, vi } from 'vitest';
import type { RouterOf } from '../../contract/index.ts';
import { issueServiceToken, serviceTokenLifetime } from '../../issuer/index.ts';
import { recordingLogger } from '../../testing/index.ts';
import type { shop } from '../../testing/shop.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';
import type { Denial } from '../access/denial.ts';
import { credentialsIn } from './connection-params.ts';

// What a stream of events says in its URL; `socket/own-credentials.test.ts` has what a WebSocket says first.

const suite = new ShopSuite();

/** @param leftMs How long it is good, in milliseconds. */
const till = async (leftMs = serviceTokenLifetime * 1000): Promise<string> => {
  const issuedAt = new Date(Date.now() + leftMs - serviceTokenLifetime * 1000);
  const issued = await issueServiceToken(
    suite.identity.signingKey,
    { id: 'till-id', name: 'till' },
    issuedAt,
  );
  return `Service-Token ${issued.token}`;
};

/** Asks for a path with these parameters. @returns The code of its error, as an answer or as an event; else `OK`. */
async function ask(
  path: string,
  params: unknown,
  { headers = {}, method = 'GET' }: { headers?: Record<string, string>; method?: string } = {},
): Promise<string> {
  const text = typeof params === 'string' ? params : JSON.stringify(params);
  const url = `${suite.service.url}/trpc/${path}?connectionParams=${encodeURIComponent(text)}`;
  const answer = await fetch(url, { headers, method });
  let seen = '';
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += chunk;
    // The first event after the greeting of a stream; what is no stream ends by itself.
    if (/^(id: |event: serialized-error\ndata: .*$)/m.test(seen)) break;
  }
  return /"data":\{"code":"(\w+)"/.exec(seen)?.[1] ?? 'OK';
}

describe('a stream of events', () => {
  /** A shop whose stream is for services alone would need another contract: who asks shows in what is denied. */
  const open = async () => {
    const denials: Denial[] = [];
    suite.service = await suite.start({ onDenied: (denial) => denials.push(denial) });
    return denials;
  };

  test.each(['authorization', 'Authorization', 'AUTHORIZATION'])('reads its %s', async (key) => {
    await open();
    expect(await ask('ticks.watch', { [key]: await till(), locale: 'de' })).toBe('OK');
    expect(await ask('ticks.watch', { [key]: 'Service-Token a.b.c' })).toBe('UNAUTHORIZED');
  });

  test('tells of those that are no good', async () => {
    const denials = await open();
    await ask('ticks.watch', { authorization: 'Bearer a.b.c' });
    expect(denials).toMatchObject([{ procedure: 'ticks.watch', reason: 'bad-credentials' }]);
  });

  test('goes by its headers where these have credentials', async () => {
    await open();
    const [good, bad] = [{ authorization: await till() }, { authorization: 'Bearer a.b.c' }];
    expect(await ask('ticks.watch', bad, { headers: good })).toBe('OK');
    expect(await ask('ticks.watch', good, { headers: bad })).toBe('UNAUTHORIZED');
  });

  test.each([
    ['not JSON', '{'],
    ['an array', []],
    ['a token that is no string', { authorization: 7 }],
    ['the same twice', { authorization: 'a', Authorization: 'b' }],
  ])('that says %s is refused', async (_what, params) => {
    await open();
    expect(await ask('ticks.watch', params)).toBe('BAD_REQUEST');
  });
});

test('a token in the URL of a query or a mutation is not looked at: a header can hold it there', async () => {
  const good = { authorization: await till() };
  expect(await ask('stock.take', good, { method: 'POST' })).toBe('UNAUTHORIZED');
  const bad = { authorization: 'Bearer a.b.c' };
  expect(await ask('items.get', bad)).toBe('BAD_REQUEST');
  expect(await ask('stock.brief', bad, { method: 'POST' })).toBe('OK');
});

test('a stock client whose token expires goes on with a fresh one, where it left off', async () => {
  const tokens = [await till(2500), await till()];
  let asked = 0;
  const links = [
    retryLink<RouterOf<typeof shop>>({
      retry: ({ op, error }) => op.type === 'subscription' && error.data?.code === 'UNAUTHORIZED',
      retryDelayMs: (attempt) => attempt * 10,
    }),
    httpSubscriptionLink<RouterOf<typeof shop>, typeof EventSource>({
      url: `${suite.service.url}/trpc`,
      EventSource,
      connectionParams: async () => {
        asked += 1;
        return { Authorization: tokens.shift() ?? '' };
      },
    }),
  ];
  const told: number[] = [];
  const failed: unknown[] = [];
  const watch = createTRPCClient<RouterOf<typeof shop>>({ links }).ticks.watch.subscribe(undefined, {
    onData: ({ data }) => told.push(data.n),
    onError: (error) => failed.push(error),
  });
  suite.cleanups.push(() => watch.unsubscribe());
  await vi.waitFor(() => expect(told).toEqual([1, 2, 3, 4, 5, 6]));
  expect([asked, failed]).toEqual([2, []]);
});

test('no line of the log has a token of a URL, whatever becomes of the request', async () => {
  const log = recordingLogger();
  suite.service = await suite.start({ log });
  const token = await till();
  const secret = token.slice(-60);
  const requests: [path: string, params: unknown][] = [
    ['ticks.watch', { authorization: token }],
    ['ticks.watch', { authorization: `${token}x` }],
    ['ticks.watch', `{"authorization":"${token}`],
    ['ticks.watch', token],
    ['ticks.watch', [token]],
    ['ticks.watch', { authorization: [token] }],
    ['ticks.watch', { authorization: token, Authorization: token }],
    ['ticks.wacht', { authorization: token }],
    ['items.get', { authorization: token }],
    ['stock.take', { authorization: token }],
    [`${'items.get,'.repeat(30)}items.get`, { authorization: token }],
    [`../${'x'.repeat(300)}`, { authorization: token }],
  ];
  for (const [path, params] of requests)
    for (const method of ['GET', 'POST', 'PUT']) await ask(path, params, { method });
  expect(log.lines.length).toBeGreaterThan(requests.length);
  expect(
    JSON.stringify(log.lines, (_key, value: unknown) => (value instanceof Error ? inspect(value) : value)),
  ).not.toContain(secret);
});

test('what a WebSocket and a stream present is read the same way', () => {
  const both = { Authorization: 'Service-Token a', 'X-User-Token': 'b', other: 'c' };
  expect(credentialsIn(both)).toEqual({ authorization: 'Service-Token a', userToken: 'b' });
  for (const none of [undefined, null, {}])
    expect(credentialsIn(none)).toEqual({ authorization: undefined, userToken: undefined });
});
