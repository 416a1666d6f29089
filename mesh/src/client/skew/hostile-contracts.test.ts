import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { describeContract } from '../../contract/index.ts';
import { arraySubprotocol } from '../../wire/index.ts';
import { after, before } from './testing/two-releases.ts';
import { useReleases } from './testing/use-releases.ts';

const { cleanups, clientOf } = useReleases();

/** A server that names a contract, answers calls, and tells of it what a test says. */
async function startLiar(hash: string, tell: RequestListener): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url === '/api/contract') {
      asked += 1;
      return tell(request, response);
    }
    response.setHeader('x-contract', hash);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ result: { data: { name: 'lamp', state: 'new' } } }));
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => arraySubprotocol });
  sockets.on('headers', (headers) => headers.push(`x-contract: ${hash}`));
  sockets.on('connection', (socket) =>
    socket.on('message', (data) => {
      const messages = [JSON.parse(String(data as Buffer))].flat() as { id: number }[];
      socket.send(
        JSON.stringify(messages.map(({ id }) => ({ id, result: { data: { name: 'lamp', state: 'new' } } }))),
      );
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

const snapshotText = JSON.stringify(describeContract(before).snapshot);
const hostile: Record<string, { tell: RequestListener; reason: string }> = {
  'an answer without an end': {
    tell: (_request, response) => {
      const chunk = Buffer.alloc(256 * 1024, ' ');
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', write);
      write();
    },
    reason: '/api/contract is longer than 2097152 bytes',
  },
  'an answer that does not come': { tell: () => {}, reason: 'timeout' },
  'an answer that trickles': {
    tell: (_request, response) => {
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(timer));
    },
    reason: 'timeout',
  },
  'no JSON': { tell: (_request, response) => response.end('<html>'), reason: 'not valid JSON' },
  'no contract': {
    tell: (_request, response) => response.end('{"procedures":7}'),
    reason: 'not the snapshot of a contract',
  },
  'a very deep schema': {
    tell: (_request, response) => {
      const deep = `${'{"not":'.repeat(100_000)}{}${'}'.repeat(100_000)}`;
      response.end(snapshotText.replace('"output":{', `"output":{"allOf":[${deep}],`));
    },
    reason: 'call stack',
  },
  'a reference to itself': {
    tell: (_request, response) =>
      response.end(
        snapshotText.replace(
          '"output":{',
          '"output":{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}},',
        ),
      ),
    reason: 'reference to nothing',
  },
  'a redirection': {
    tell: (_request, response) => response.writeHead(302, { location: 'http://192.0.2.1/' }).end(),
    reason: 'HTTP 302',
  },
};

describe.each(['websocket', 'http'] as const)('a hostile server over %s', (transport) => {
  test.each(Object.entries(hostile))(
    '%s: calls go on, and one line says so',
    async (_name, { tell, reason }) => {
      const { url, asked } = await startLiar('00000000deadbeef', tell);
      const { client, log, compared } = clientOf(before, url, { transport });
      expect(await client.get.query({ id: 1 })).toMatchObject({ name: 'lamp' });
      await compared();
      for (let made = 0; made < 10; made += 1) await client.get.query({ id: 1 });
      const told = log.lines.filter(({ message }) =>
        message.includes('they could not be compared; calls go on'),
      );
      expect(told.map(({ fields }) => fields)).toEqual([
        expect.objectContaining({ reason: expect.stringContaining(reason) }),
      ]);
      expect(asked()).toBe(1);
    },
  );

  test('a hash of another contract than it tells: what it tells counts, and is read once', async () => {
    const { url, asked } = await startLiar('00000000deadbeef', (_request, response) =>
      response.end(JSON.stringify(describeContract(after).snapshot)),
    );
    const { client, compared } = clientOf(before, url, { transport });
    await client.get.query({ id: 1 });
    await compared();
    for (let made = 0; made < 10; made += 1) await client.get.query({ id: 1 });
    expect(asked()).toBe(1);
  });

  test.each(['', 'nonsense', 'A'.repeat(8000)])(
    'a header that is not a hash (%#) is ignored',
    async (hash) => {
      const { url, asked } = await startLiar(hash, (_request, response) => response.end());
      const { client } = clientOf(before, url, { transport });
      for (let made = 0; made < 10; made += 1) await client.get.query({ id: 1 });
      expect(asked()).toBe(0);
    },
  );
});
