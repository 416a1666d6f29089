import type { Stack } from '../stack.ts';

/** A row of the table. */
export interface Listing {
  /** The row's name in the table. */
  readonly label: string;
  /** The packages whose versions are printed. */
  readonly packages: readonly string[];
  /** Loads it, only in the processes that run it, so that its packages do not affect other rows. */
  load(): Promise<Stack>;
}

const meshPackages = ['@trpc/server', '@trpc/client', 'ws', 'undici', 'zod', 'jose', 'pino', 'prom-client'];

/** The rows. */
export const stacks = {
  floor: {
    label: 'JSON lines over TCP, the floor',
    packages: ['zod'],
    load: async () => (await import('./floor.ts')).floor,
  },
  'mesh-websocket': {
    label: 'Arcadium mesh, WebSocket',
    packages: meshPackages,
    load: async () => (await import('./mesh-websocket.ts')).meshWebSocket,
  },
  'mesh-http': {
    label: 'Arcadium mesh, HTTP',
    packages: meshPackages,
    load: async () => (await import('./mesh-http.ts')).meshHttp,
  },
  'bare-http': {
    label: 'node:http + undici, bare JSON',
    packages: ['undici'],
    load: async () => (await import('./bare-http.ts')).bareHttp,
  },
  'trpc-http': {
    label: 'tRPC standalone + httpLink',
    packages: ['@trpc/server', '@trpc/client'],
    load: async () => (await import('./trpc-http.ts')).trpcHttp,
  },
  'trpc-websocket': {
    label: 'tRPC ws + wsLink',
    packages: ['@trpc/server', '@trpc/client', 'ws'],
    load: async () => (await import('./trpc-websocket.ts')).trpcWebSocket,
  },
  'trpc-under-mesh': {
    label: 'tRPC under the mesh, fromRouter + meshLink',
    packages: meshPackages,
    load: async () => (await import('./trpc-under-mesh.ts')).trpcUnderMesh,
  },
  'trpc-connect-router': {
    label: 'tRPC under the mesh, fromRouter + connectRouter',
    packages: meshPackages,
    load: async () => (await import('./trpc-under-mesh.ts')).trpcConnectRouter,
  },
  fastify: {
    label: 'Fastify + undici',
    packages: ['fastify', 'undici'],
    load: async () => (await import('./fastify.ts')).fastifyUndici,
  },
  grpc: {
    label: 'gRPC (grpc-js)',
    packages: ['@grpc/grpc-js', 'protobufjs'],
    load: async () => (await import('./grpc.ts')).grpcJs,
  },
  connect: {
    label: 'Connect, HTTP/1.1',
    packages: ['@connectrpc/connect', '@connectrpc/connect-node', '@bufbuild/protobuf'],
    load: async () => (await import('./connect.ts')).connectRpc,
  },
  'orpc-fetch': {
    label: 'oRPC, fetch link',
    packages: ['@orpc/server', '@orpc/client'],
    load: async () => (await import('./orpc-fetch.ts')).orpcFetch,
  },
  'orpc-websocket': {
    label: 'oRPC ws + WebSocket link',
    packages: ['@orpc/server', '@orpc/client', 'ws'],
    load: async () => (await import('./orpc-websocket.ts')).orpcWebSocket,
  },
  birpc: {
    label: 'birpc + ws',
    packages: ['birpc', 'ws'],
    load: async () => (await import('./birpc.ts')).birpcWebSocket,
  },
  moleculer: {
    label: 'Moleculer TCP, bare',
    packages: ['moleculer'],
    load: async () => (await import('./moleculer.ts')).moleculerBare,
  },
  'moleculer-full': {
    label: 'Moleculer TCP, with its features',
    packages: ['moleculer', 'fastest-validator'],
    load: async () => (await import('./moleculer-full.ts')).moleculerFull,
  },
  nest: {
    label: 'NestJS TCP',
    packages: ['@nestjs/microservices', '@nestjs/core'],
    load: async () => (await import('./nest.ts')).nest,
  },
} satisfies Record<string, Listing>;

/** The name of a row, as `--only` takes it. */
export type StackName = keyof typeof stacks;

export const stackNames = Object.keys(stacks) as StackName[];

/** The rows of the mesh. */
export const meshNames = stackNames.filter((name) => name.startsWith('mesh-'));

/** The rows that others are compared with. */
export const referenceNames: readonly StackName[] = ['floor', ...meshNames];
