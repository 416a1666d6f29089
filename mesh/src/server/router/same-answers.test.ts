import superjson from 'superjson';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStockServers, type StockServers } from '../testing/stock-servers.ts';

let servers: StockServers;
beforeAll(async () => {
  servers = await startStockServers();
});
afterAll(() => servers[Symbol.asyncDispose]());

/** A body that is read once is made for each server. */
type Case = readonly [name: string, path: string, init?: RequestInit | (() => RequestInit)];

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | null>;
  readonly body: unknown;
}

async function ask(base: string, path: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(`${base}/trpc/${path}`, init);
  const text = await response.text();
  const headers = ['content-type', 'vary', 'allow', 'set-cookie', 'cache-control'];
  return {
    status: response.status,
    headers: Object.fromEntries(headers.map((name) => [name, response.headers.get(name)])),
    body: text.startsWith('{') && !text.includes('\n') ? (JSON.parse(text) as unknown) : text,
  };
}

const json = (value: unknown): string => JSON.stringify(superjson.serialize(value));
const inUrl = (value: unknown): string => `?input=${encodeURIComponent(json(value))}`;
const batchOf = (inputs: Record<number, unknown>): string =>
  `?batch=1&input=${encodeURIComponent(JSON.stringify(Object.fromEntries(Object.entries(inputs).map(([at, value]) => [at, superjson.serialize(value)]))))}`;
const posted = (
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = {},
): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/json', ...headers },
});
const withHeaders = (headers: Record<string, string>): RequestInit => ({ headers });
const form = (): FormData => {
  const data = new FormData();
  data.set('name', 'Ann');
  data.set('file', new File(['hello'], 'hello.txt'));
  return data;
};

const requests: readonly Case[] = [
  ['superjson values', 'plain'],
  ['undefined', 'nothing'],
  ['an input in the URL', `echo${inUrl({ at: new Date(5) })}`],
  ['an input in the body', 'store', posted(json({ at: new Date(5) }))],
  ['a query by POST', 'echo', posted(json(7))],
  ['a mutation by GET', 'store'],
  ['an invalid input', 'store', posted(json({ at: 'never' }))],
  ['malformed JSON', 'store', posted('{')],
  ['malformed JSON that nobody reads', 'nothing?input=%7B'],
  ['a middleware that refuses before the input is read', 'private?input=%7B'],
  ['a context by headers', 'whoami', withHeaders({ 'x-name': 'Ann' })],
  ['an invalid input, with context', `private${inUrl({ id: 'x' })}`, withHeaders({ 'x-name': 'Ann' })],
  ['a context that throws', 'whoami', withHeaders({ 'x-broken': '1' })],
  ['an invalid output', 'answer'],
  ['a conflict', 'fail.conflict'],
  ['a bug', 'fail.bug'],
  ['a code that the mesh does not know', 'fail.payment', posted('')],
  ['an error formatter of a procedure', 'fail.own'],
  ['an object that is thrown', 'fail.circle'],
  ['a lazy router', `late.hello${inUrl('Ann')}`],
  ['a lazy router in a lazy router', 'late.deeper.hello'],
  ['an unknown procedure', 'nowhere'],
  ['an unknown procedure of a group', 'late.nowhere'],
  ['a group', 'late'],
  ['a property of objects', 'constructor'],
  ['a form', 'form', () => ({ method: 'POST', body: form() })],
  ['a form for a procedure that takes none', 'store', () => ({ method: 'POST', body: form() })],
  ['bytes', 'bytes', posted(new Uint8Array(70_000), { 'content-type': 'application/octet-stream' })],
  ['an unknown content type', 'store', posted('x', { 'content-type': 'text/csv' })],
  ['no content type', 'store', { method: 'POST', body: new Uint8Array(2) }],
  ['a stream without the header for it', `stream${inUrl(2)}`],
  ['a batch', `plain,echo,nothing${batchOf({ 1: 'x' })}`],
  ['a batch with errors', `plain,fail.bug,nowhere,private${batchOf({})}`],
  ['a batch that fails', `fail.bug,fail.bug${batchOf({})}`],
  ['a batch of one', `index${batchOf({})}`],
  ['the places in a batch', `index,index,index${batchOf({})}`],
  [
    'a batch by POST',
    'store,store?batch=1',
    posted(JSON.stringify({ 0: superjson.serialize({ at: new Date(1) }), 1: superjson.serialize(1) })),
  ],
  ['a batch whose body is no object', 'store,store?batch=1', posted('3')],
  ['a batch with queries and mutations', `plain,store${batchOf({})}`],
  ['a batch with a subscription', `count,count${batchOf({ 0: 1, 1: 1 })}`],
  ['a batch of thirty', `${Array.from({ length: 30 }, () => 'index').join(',')}${batchOf({})}`],
  ['a stream', `stream${batchOf({ 0: 3 })}`, withHeaders({ 'trpc-accept': 'application/jsonl' })],
  ['a stream that breaks', `brokenStream${batchOf({})}`, withHeaders({ 'trpc-accept': 'application/jsonl' })],
  ['an unbatched stream', `stream${inUrl(3)}`, withHeaders({ 'trpc-accept': 'application/jsonl' })],
  ['a subscription', `ticks${inUrl({ upTo: 3 })}`],
  ['a subscription that resumes', `ticks${inUrl({ upTo: 3 })}&lastEventId=0`],
  [
    'a subscription that resumes by header',
    `ticks${inUrl({ upTo: 3 })}`,
    withHeaders({ 'last-event-id': '1' }),
  ],
  ['a subscription without ids', `count${inUrl(2)}`],
  ['an observable', 'observed'],
  ['a subscription that fails', 'failing'],
  ['a subscription that is refused', 'forNamed'],
  ['a subscription with an invalid input', `count${inUrl('x')}`],
  [
    'a subscription with connectionParams',
    `forNamed?connectionParams=${encodeURIComponent('{"name":"Ann"}')}`,
    withHeaders({ 'x-name': 'Ann' }),
  ],
  ['HEAD', 'plain', { method: 'HEAD' }],
  ['an encoded path', 'late%2Ehello?input=%22x%22'],
  ['a path with a broken escape', 'plain%zz'],
];

test.for(requests)('%s', async ([, path, init]) => {
  const make = (): RequestInit => (typeof init === 'function' ? init() : (init ?? {}));
  const [stock, mesh] = [await ask(servers.stock, path, make()), await ask(servers.mesh, path, make())];
  expect(mesh).toEqual(stock);
});
