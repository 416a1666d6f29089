import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { arraySubprotocol } from '../../wire/index.ts';
import { createHttpTransport } from '../transports/http-transport.ts';
import { openSocket } from '../transports/socket/open.ts';
import { Request } from '../request.ts';

const listWares = () =>
  new Request({ path: 'wares.list', kind: 'query', input: undefined, authorization: undefined, headers: {} });

const opening = (ip?: string) => ({
  ip,
  authorization: undefined,
  timeoutMs: 2000,
  signal: new AbortController().signal,
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('a host that no name server knows, at an address that is known', () => {
  let hosts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host);
    response.end('{}');
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => arraySubprotocol });
  let port: number;
  beforeAll(async () => {
    port = await listen(server);
    sockets.on('connection', (_socket, { headers }) => hosts.push(headers.host));
  });
  afterAll(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });

  test('is reached over HTTP, by its name', async () => {
    hosts = [];
    const url = `http://shop.invalid:${port}`;
    const transport = createHttpTransport(url, { connectTimeoutMs: 2000, ip: '127.0.0.1' });
    expect(await transport.send(listWares())).toMatchObject({ status: 200 });
    expect([transport.url, hosts]).toEqual([url, [`shop.invalid:${port}`]]);
    await transport.close();
  });

  test('is reached over a WebSocket, by its name', async () => {
    hosts = [];
    const { socket } = await openSocket(`http://shop.invalid:${port}`, opening('127.0.0.1'));
    await expect.poll(() => hosts).toEqual([`shop.invalid:${port}`]);
    socket.terminate();
  });

  test('is not reached without it', async () => {
    const url = `http://shop.invalid:${port}`;
    const transport = createHttpTransport(url, { connectTimeoutMs: 2000 });
    await expect(transport.send(listWares())).rejects.toMatchObject({ reached: false });
    await expect(openSocket(url, opening())).rejects.toMatchObject({ reason: 'unreached' });
    await transport.close();
  });
});

test('TLS asks for the name', async () => {
  const greetings: string[] = [];
  // The first message of a TLS client holds the server's name as it is (RFC 6066 §3).
  const server = createTcpServer((socket) =>
    socket
      .on('error', () => {})
      .once('data', (data) => {
        greetings.push(data.toString('latin1'));
        socket.destroy();
      }),
  );
  const url = `https://shop.invalid:${await listen(server)}`;
  const transport = createHttpTransport(url, { connectTimeoutMs: 2000, ip: '127.0.0.1' });
  await transport.send(listWares()).catch(() => {});
  await openSocket(url, opening('127.0.0.1')).catch(() => {});
  expect(greetings).toEqual([
    expect.stringContaining('shop.invalid'),
    expect.stringContaining('shop.invalid'),
  ]);
  await transport.close();
  server.close();
});
