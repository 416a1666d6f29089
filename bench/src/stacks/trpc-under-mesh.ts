import { createTRPCClient } from '@trpc/client';
import { services } from '@arcadium/mesh/contract';
import { createAuthenticate, createKeySet, publicPart } from '@arcadium/mesh/identity';
import { generateSigningKey, importSigningKey, issueServiceToken } from '@arcadium/mesh/issuer';
import { connectRouter, meshLink, type MeshLinkOptions } from '@arcadium/mesh/link';
import { fromRouter, serve } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import type { Address, Stack } from '../stack.ts';
import { router, type Router } from './trpc-router.ts';

const startServer: Stack['startServer'] = async () => {
  const log = createLogger({ service: 'notifications', level: 'info' });
  const signingKey = await generateSigningKey();
  const keys = await createKeySet({ initial: [publicPart(signingKey)], log });
  const service = await serve(
    fromRouter(router, { name: 'notifications', access: services('bench'), timeoutMs: 60_000 }),
    { version: '1', port: 0, log, authenticate: createAuthenticate(keys) },
  );
  service.ready();
  return { address: { port: service.port, signingKey }, close: () => service.stop() };
};

async function linkOptions({ port, signingKey }: Address): Promise<MeshLinkOptions<Router>> {
  if (!signingKey) throw new Error('The address of a mesh server holds the key to sign tokens with');
  const key = await importSigningKey(signingKey);
  const { token } = await issueServiceToken(key, { id: 'bench-id', name: 'bench' });
  return {
    url: `http://127.0.0.1:${port}/trpc`,
    as: 'bench',
    token,
    timeoutMs: 60_000,
    log: createLogger({ service: 'bench', level: 'info' }),
  };
}

/** The router of the tRPC rows under the mesh, called by tRPC's own client with the mesh's link. */
export const trpcUnderMesh: Stack = {
  startServer,
  async startClient(address) {
    const link = meshLink(await linkOptions(address));
    const client = createTRPCClient<Router>({ links: [link] });
    return {
      call: (message) => client.notify.mutate(message),
      close: () => link[Symbol.asyncDispose](),
    };
  },
};

/** The same router, called by the mesh's client for routers. */
export const trpcConnectRouter: Stack = {
  startServer,
  async startClient(address) {
    const client = connectRouter<Router>(await linkOptions(address));
    return {
      call: (message) => client.notify.mutate(message),
      close: () => client[Symbol.asyncDispose](),
    };
  },
};
