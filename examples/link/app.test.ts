// The app's own tests: they passed with tRPC's links, and pass with the mesh's.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { app } from './app.ts';
import { createClient as before } from './before.ts';
import { createClient as after } from './client.ts';

let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/trpc`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each([
  ['httpLink', before],
  ['meshLink', after],
])('the app, called with %s', (name, createClient) => {
  const slug = name.toLowerCase();

  test('a page is created, read and listed', async () => {
    const client = createClient(url, 'ann');
    const page = await client.pages.create.mutate({ slug, title: 'Hello' });
    expect(page).toMatchObject({ slug, author: 'ann', changedAt: expect.any(Date) });
    expect(await client.pages.get.query({ slug })).toEqual(page);
    expect(await client.pages.list.query()).toContain(slug);
  });

  test('errors keep their codes and what the error formatter added', async () => {
    const client = createClient(url, 'ann');
    await expect(client.pages.get.query({ slug: 'none' })).rejects.toMatchObject({
      message: 'There is no page none',
      data: { code: 'NOT_FOUND', httpStatus: 404, path: 'pages.get' },
    });
    await expect(client.pages.create.mutate({ slug, title: 'Again' })).rejects.toMatchObject({
      data: { code: 'CONFLICT' },
    });
    await expect(client.pages.create.mutate({ slug: '', title: 'Nameless' })).rejects.toMatchObject({
      data: { code: 'BAD_REQUEST', fields: { slug: [expect.any(String)] } },
    });
  });

  test('changes arrive at subscribers', async () => {
    const client = createClient(url, 'ann');
    const changes = client.pages.changes.subscribe()[Symbol.asyncIterator]();
    const first = changes.next();
    let created = 0;
    const timer = setInterval(() => {
      created += 1;
      // The last one may be under way when the server stops.
      client.pages.create.mutate({ slug: `${slug}-${created}`, title: 'Next' }).catch(() => {});
    }, 50);
    const { value } = await first;
    clearInterval(timer);
    expect(value).toMatchObject({ data: { author: 'ann', changedAt: expect.any(Date) } });
    await changes.return?.();
  });
});
