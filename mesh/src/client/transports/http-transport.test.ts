import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { Request } from '../request.ts';
import { createHttpTransport } from './http-transport.ts';
import { maxAnswerBytes } from './transport.ts';

test('an answer without an end is given up, and its connection', async () => {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  let sent = 0;
  const gone = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    response.on('close', gone.resolve);
    const write = (): void => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      sent += chunk.length;
    };
    response.on('drain', write);
    write();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const transport = createHttpTransport(`http://127.0.0.1:${port}`, { connectTimeoutMs: 2000 });
  const request = new Request({
    path: 'x',
    kind: 'query',
    input: undefined,
    authorization: undefined,
    headers: {},
  });
  await expect(transport.send(request)).rejects.toMatchObject({
    message: expect.stringContaining(`the answer is longer than ${maxAnswerBytes} bytes`),
    reached: true,
  });
  await gone.promise;
  expect(sent).toBeLessThan(2 * maxAnswerBytes);
  await transport.close();
  server.close();
});
