import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { serverFields } from '../../config/index.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();

async function upgrade(headers: Record<string, string>, path = '/trpc') {
  const socket = new WebSocket(`${suite.service.url.replace('http', 'ws')}${path}`, { headers });
  suite.cleanups.push(() => socket.terminate());
  socket.on('error', () => {});
  return Promise.race([
    once(socket, 'open').then(() => ({ status: 101, text: '' })),
    once(socket, 'unexpected-response').then(async ([, response]) => ({
      status: Number(response.statusCode),
      text: Buffer.concat(await response.toArray()).toString(),
    })),
  ]);
}

describe('the service’s own origin', () => {
  test.each([
    ['https://wiki.example.com', 'wiki.example.com'],
    ['https://wiki.example.com', 'wiki.example.com:443'],
    ['https://wiki.example.com:443', 'wiki.example.com'],
    ['http://wiki.example.com', 'wiki.example.com:80'],
    ['https://Wiki.Example.COM', 'WIKI.example.com'],
    ['HTTPS://wiki.example.com', 'wiki.example.com:443'],
    ['http://localhost:5000', 'LOCALHOST:5000'],
    ['https://xn--bcher-kva.example', 'XN--BCHER-KVA.example:443'],
    ['http://[::1]:8080', '[0:0:0:0:0:0:0:1]:8080'],
    ['http://127.0.0.1', '127.0.0.1:80'],
  ])('a page of %s opens a WebSocket at Host %s', async (origin, host) => {
    expect(await upgrade({ origin, host })).toMatchObject({ status: 101 });
    expect(await upgrade({ origin, host }, '/trpc?connectionParams=1')).toMatchObject({ status: 101 });
  });
});

describe('another origin', () => {
  test.each([
    ['another host', 'https://evil.example', 'wiki.example.com'],
    ['a host that ends the same', 'https://evil-wiki.example.com', 'wiki.example.com'],
    ['a host that begins the same', 'https://wiki.example.com.evil.example', 'wiki.example.com'],
    ['another port', 'https://wiki.example.com:8443', 'wiki.example.com:443'],
    ['the default port of the other scheme', 'https://wiki.example.com:80', 'wiki.example.com'],
    ['the default port of the other scheme, in Host', 'http://wiki.example.com', 'wiki.example.com:443'],
    ['an opaque origin', 'null', 'wiki.example.com'],
    ['another scheme', 'chrome-extension://wiki.example.com', 'wiki.example.com'],
    ['two origins', 'https://wiki.example.com, https://evil.example', 'wiki.example.com'],
    ['a user name', 'https://wiki.example.com@evil.example', 'wiki.example.com'],
    ['a Host with a user name', 'https://wiki.example.com', 'evil@wiki.example.com'],
  ])('%s is refused', async (_what, origin, host) => {
    const { status, text } = await upgrade({ origin, host });
    expect(status).toBe(403);
    expect(JSON.parse(text)).toMatchObject({
      error: {
        message: `WEBSOCKET_ORIGINS does not include the origin of this page, ${origin}`,
        data: { code: 'FORBIDDEN' },
      },
    });
  });

  test('is accepted only if WEBSOCKET_ORIGINS names it', async () => {
    const webSocketOrigins = serverFields.WEBSOCKET_ORIGINS.parse(
      'https://WWW.example.com:443, http://localhost:5173',
    );
    suite.service = await suite.start({ webSocketOrigins });
    for (const origin of ['https://www.example.com', 'https://www.example.com:443', 'http://localhost:5173'])
      expect(await upgrade({ origin, host: 'wiki:5000' })).toMatchObject({ status: 101 });
    for (const origin of ['http://www.example.com', 'https://example.com', 'http://localhost:5174', 'null'])
      expect(await upgrade({ origin, host: 'wiki:5000' })).toMatchObject({ status: 403 });
    expect(await upgrade({ origin: 'http://wiki:5000', host: 'wiki:5000' })).toMatchObject({ status: 101 });
  });

  test.each(['www.example.com', '*', 'https://www.example.com/app', 'wss://www.example.com', 'null'])(
    'WEBSOCKET_ORIGINS rejects %s',
    async (origin) => {
      expect(serverFields.WEBSOCKET_ORIGINS.safeParse(origin).success).toBe(false);
      await expect(suite.start({ webSocketOrigins: [origin] })).rejects.toThrow(
        `"${origin}" is not an origin`,
      );
    },
  );
});
