import { fastify } from 'fastify';
import type { AddressInfo } from 'node:net';
import { accept, messageSchema } from '../message.ts';
import type { Stack } from '../stack.ts';
import { undiciClient } from './undici-client.ts';

/** Recommended by Fastify for speed: a schema of the answer, from which it compiles the serialiser. */
const receiptJsonSchema = {
  type: 'object',
  properties: { id: { type: 'string' }, accepted: { type: 'boolean' }, length: { type: 'integer' } },
};

/** Fastify, called with undici. */
export const fastifyUndici: Stack = {
  async startServer() {
    const server = fastify({ logger: false, keepAliveTimeout: 600_000, forceCloseConnections: true });
    server.post('/notify', { schema: { response: { 200: receiptJsonSchema } } }, async ({ body }) => {
      const parsed = messageSchema.safeParse(body);
      if (parsed.success) return accept(parsed.data);
      throw Object.assign(new Error('The input does not fit'), { statusCode: 400 });
    });
    await server.listen({ port: 0, host: '127.0.0.1' });
    const { port } = server.server.address() as AddressInfo;
    return { address: { port }, close: () => server.close() };
  },
  startClient: async (address) => undiciClient(address),
};
