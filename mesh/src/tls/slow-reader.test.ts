import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { createAuthority } from '../testing/index.ts';
import { Stall } from '../server/http/stall.ts';

const megabyte = 1024 * 1024;

test('a client that reads slowly over TLS is not taken for one that reads nothing', async () => {
  const authority = createAuthority();
  const server = createServer(authority.issue('vault', { ips: ['127.0.0.1'] }), (_request, response) =>
    response.end(Buffer.alloc(40 * megabyte)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'secureConnection');
  const client = connect({ port, host: '127.0.0.1', ca: authority.cert });
  client.write('GET / HTTP/1.1\r\nhost: vault\r\n\r\n');
  const [link] = (await accepted) as [TLSSocket];
  await expect.poll(() => link.writableLength).toBeGreaterThan(megabyte);

  const read = async (bytes: number): Promise<void> => {
    const until = client.bytesRead + bytes;
    client.resume();
    await expect.poll(() => client.bytesRead, { interval: 1 }).toBeGreaterThan(until);
    client.pause();
  };
  const stall = new Stall(link);
  for (let beat = 0; beat < 10; beat += 1) {
    await read(megabyte / 2);
    expect([beat, stall.beat(), link.writableLength > 0]).toEqual([beat, false, true]);
  }
  // And now nothing, once what is under way has arrived.
  await expect.poll(() => stall.beat()).toBe(true);
  client.destroy();
  server.close();
});
