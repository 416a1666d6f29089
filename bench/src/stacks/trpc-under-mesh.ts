import { createTRPCClient } from '@trpc/client';
import { services } from '@arcadium/mesh/contract';
import { createAuthenticate, createKeySet, publicPart } from '@arcadium/mesh/identity';
import { generateSigningKey, importSigningKey, issueServiceToken } from '@arcadium/mesh/issuer';
import { meshLink } from '@arcadium/mesh/link';
import { fromRouter, serve } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import type { Stack } from '../stack.ts';
import { router, type Router } from './trpc-router.ts';

/** The router of the tRPC rows under the mesh, called by tRPC's own client with the mesh's link. */
export const trpcUnderMesh: Stack = {
  async startServer() {
    const log = createLogger({ service: 'notifications', level: 'info' });
    const signingKey = await generateSigningKey();
    const keys = await createKeySet({ initial: [publicPart(signingKey)], log });
    const service = await serve(
      fromRouter(router, { name: 'notifications', access: services('bench'), timeoutMs: 60_000 }),
      { version: '1', port: 0, log, authenticate: createAuthenticate(keys) },
    );
    service.ready();
    return { address: { port: service.port, signingKey }, close: () => service.stop() };
  },
  async startClient({ port, signingKey }) {
    if (!signingKey) throw new Error('The address of a mesh server holds the key to sign tokens with');
    const key = await importSigningKey(signingKey);
    const { token } = await issueServiceToken(key, { id: 'bench-id', name: 'bench' });
    const link = meshLink({
      url: `http://127.0.0.1:${port}/trpc`,
      as: 'bench',
      token,
      timeoutMs: 60_000,
      log: createLogger({ service: 'bench', level: 'info' }),
    });
    const client = createTRPCClient<Router>({ links: [link] });
    return {
      call: (message) => client.notify.mutate(message),
      close: () => link[Symbol.asyncDispose](),
    };
  },
};
