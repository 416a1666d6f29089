// The app's own tests: they passed with tRPC's links and adapter, and pass after each step.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from '@arcadium/mesh/client';
import type { MountedService } from '@arcadium/mesh/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { app } from './app.ts';
import { createClient as before } from './before.ts';
import { createClient as after } from './client.ts';
import { mountContract, titlesContract } from './contracted.ts';
import { mountRouter } from './mounted.ts';

/** The server is that of Express, with nothing in it in the first two rows. */
describe.each([
  ['before', before, undefined],
  ['step-1-link', after, undefined],
  ['step-2-mount-tRPC-links', before, mountRouter],
  ['step-2-mount', after, mountRouter],
  ['step-3-contract-tRPC-links', before, mountContract],
  ['step-3-contract', after, mountContract],
])('the app: %s', (slug, createClient, mountOn) => {
  let server: Server;
  let service: MountedService | undefined;
  let url: string;
  beforeAll(async () => {
    server = createServer(app);
    service = await mountOn?.(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    service?.ready();
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/trpc`;
  });
  afterAll(async () => {
    await service?.stop();
    server.closeAllConnections();
    server.close();
  });

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

  if (!mountOn) return;
  test('the service says that it is healthy, beside the app', async () => {
    const health = await fetch(url.replace('/trpc', '/health'));
    expect([health.status, await health.json()]).toMatchObject([200, { service: 'pages', version: '1.0.0' }]);
  });

  if (mountOn !== mountContract) return;
  test('another service calls the contract', async () => {
    await createClient(url, 'ann').pages.create.mutate({ slug: `${slug}-titled`, title: 'Titled' });
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    await using titles = connect(titlesContract, { as: 'anyone', url: url.replace('/trpc', ''), log });
    expect(await titles.titles.get.query({ slug: `${slug}-titled` })).toMatchObject({ title: 'Titled' });
    await expect(titles.titles.get.query({ slug: 'none' })).rejects.toMatchObject({
      data: { code: 'NOT_FOUND', error: { name: 'NO_SUCH_PAGE' } },
    });
  });
});
