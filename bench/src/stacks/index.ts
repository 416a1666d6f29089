import type { Stack } from '../stack.ts';

/**
 * The rows, in the order of the table. Each is loaded only in the processes
 * that run it: what one stack's packages do to a process is no other's cost.
 */
export const loaders = {
  'mesh-http': async () => (await import('./mesh-http.ts')).meshHttp,
  // The mesh over WebSocket, once `connect` takes its transport by name:
  // 'mesh-websocket': async () => (await import('./mesh-websocket.ts')).meshWebSocket,
  'bare-http': async () => (await import('./bare-http.ts')).bareHttp,
  'trpc-http': async () => (await import('./trpc-http.ts')).trpcHttp,
  'trpc-websocket': async () => (await import('./trpc-websocket.ts')).trpcWebSocket,
  fastify: async () => (await import('./fastify.ts')).fastifyUndici,
  grpc: async () => (await import('./grpc.ts')).grpcJs,
  connect: async () => (await import('./connect.ts')).connectRpc,
  orpc: async () => (await import('./orpc.ts')).orpc,
  moleculer: async () => (await import('./moleculer.ts')).moleculerBare,
  'moleculer-full': async () => (await import('./moleculer-full.ts')).moleculerFull,
  nest: async () => (await import('./nest.ts')).nest,
} satisfies Record<string, () => Promise<Stack>>;

/** The name of a row, as `--only` takes it. */
export type StackName = keyof typeof loaders;

export const stackNames = Object.keys(loaders) as StackName[];

/** The rows that the others are compared with. */
export const meshNames = stackNames.filter((name) => name.startsWith('mesh-'));
