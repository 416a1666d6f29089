import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { accept, messageSchema } from '../message.ts';
import type { Stack } from '../stack.ts';
import { listen } from './listen.ts';
import { undiciClient } from './undici-client.ts';

/** Only node:http and undici: the lower limit for everything over HTTP. */
export const bareHttp: Stack = {
  startServer: () => listen(createServer(answer)),
  startClient: async (address) => undiciClient(address),
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const parsed = messageSchema.safeParse(JSON.parse(Buffer.concat(chunks).toString()));
    const body = JSON.stringify(parsed.success ? accept(parsed.data) : { issues: parsed.error.issues });
    response.writeHead(parsed.success ? 200 : 400, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
}
