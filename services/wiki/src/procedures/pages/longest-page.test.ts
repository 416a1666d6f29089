import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveWiki, type ServedWiki } from '../../testing/served.ts';

const longest = 200_000;

let wiki: ServedWiki;
let authorization: string;
beforeAll(async () => {
  wiki = await serveWiki();
  authorization = `Bearer ${await wiki.identity.userToken()}`;
});
afterAll(() => wiki.close());

/** JSON with each character of texts and names written as `\uXXXX`. */
function escaped(value: unknown): string {
  return JSON.stringify(value, undefined, 0).replaceAll(/"((?:[^"\\]|\\.)*)"/g, (text) => {
    const units = (JSON.parse(text) as string).split('');
    return `"${units.map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
  });
}

async function post(path: string, body: string) {
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(`${wiki.url}/trpc/${path}`, { method: 'POST', headers, body });
  return (await answer.json()) as { result?: { data: { body: string } }; error?: { data: { code: string } } };
}

const bodies = [
  ['Latin', 'a'.repeat(longest)],
  ['Cyrillic', 'ж'.repeat(longest)],
  ['emoji', '😀'.repeat(longest / 2)],
  ['tabs', `x${'\t'.repeat(longest - 1)}`],
] as const;

test.each(bodies)('the longest page is taken however it is escaped: %s', async (what, body) => {
  const page = { slug: `longest/${what.toLowerCase()}`, title: what.repeat(20), body };
  const sent = escaped(page);
  expect(sent.length).toBeGreaterThan(1_200_000);
  expect((await post('pages.create', sent)).result?.data.body).toBe(body);
});

test('also in a batch', async () => {
  const body = '漢'.repeat(longest);
  const sent = `{"0":${escaped({ slug: 'longest/batch', title: 'Batch', body })}}`;
  expect(await post('pages.create?batch=1', sent)).toMatchObject([{ result: { data: { body } } }]);
});

test('also over a WebSocket', async () => {
  const socket = new WebSocket(`${wiki.url.replace('http', 'ws')}/trpc?connectionParams=1`);
  await once(socket, 'open');
  const body = 'é'.repeat(longest);
  const call = {
    id: 1,
    method: 'mutation',
    params: { path: 'pages.create', input: { slug: 'longest/ws', title: 'W', body } },
  };
  socket.send(JSON.stringify({ method: 'connectionParams', data: { authorization } }));
  socket.send(escaped(call));
  const [{ data }] = (await once(socket, 'message')) as [MessageEvent];
  socket.close();
  expect(JSON.parse(String(data))).toMatchObject({ id: 1, result: { data: { body } } });
});

test('one that is far too long for a WebSocket is refused alone, and another one is made beside it', async () => {
  const socket = new WebSocket(`${wiki.url.replace('http', 'ws')}/trpc?connectionParams=1`);
  await once(socket, 'open');
  const answers = new Map<number, unknown>();
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as { id: number };
    answers.set(answer.id, answer);
  });
  const create = (id: number, slug: string, body: string) =>
    JSON.stringify({
      id,
      method: 'mutation',
      params: { path: 'pages.create', input: { slug, title: 'W', body } },
    });
  // Header names may have any letter case.
  socket.send(JSON.stringify({ method: 'connectionParams', data: { Authorization: authorization } }));
  socket.send(create(1, 'longest/before', 'a'));
  socket.send(create(2, 'longest/far', 'a'.repeat(3_000_000)));
  socket.send(create(3, 'longest/after', 'a'));
  await expect.poll(() => answers.size).toBe(3);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  socket.close();
  expect(answers.get(2)).toMatchObject({ error: { data: { code: 'PAYLOAD_TOO_LARGE' } } });
  for (const id of [1, 3]) expect(answers.get(id)).toMatchObject({ result: { data: { body: 'a' } } });
  const far = await fetch(`${wiki.url}/trpc/pages.get?input={"slug":"longest/far"}`);
  expect(far.status).toBe(404);
});

test('a character more is refused by the contract, not by the length of what was sent', async () => {
  const page = { slug: 'longest/more', title: 'More', body: 'a'.repeat(longest + 1) };
  expect(await post('pages.create', escaped(page))).toMatchObject({
    error: { data: { code: 'BAD_REQUEST', issues: [{ path: ['body'] }] } },
  });
});
