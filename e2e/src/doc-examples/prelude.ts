import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { createTRPCClient } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import { connect } from '@arcadium/mesh/client';
import { anyone, contract, error, mutation, query, subscription, user } from '@arcadium/mesh/contract';
import type { Caller, ContractSnapshot } from '@arcadium/mesh/contract';
import type { Finding, Waiver } from '@arcadium/mesh/contract-check';
import type { Credentials, IdentitySource, KeySet, ServiceToken } from '@arcadium/mesh/identity';
import type { SigningKey } from '@arcadium/mesh/issuer';
import type { Call, Handlers, ServeOptions } from '@arcadium/mesh/server';
import { connectRouter } from '@arcadium/mesh/link';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { Tls } from '@arcadium/mesh/tls';
import { z } from 'zod';

// What the examples in the docstrings of the mesh take as given. It is compiled with them and never runs.

export { z };

export const shopContract = contract('shop', {
  items: {
    get: query({
      summary: 'One item',
      input: z.object({ id: z.string() }),
      output: z.object({ id: z.string(), price: z.number() }),
      access: anyone,
      errors: { NOT_SOLD: error('NOT_FOUND', 'The shop does not sell this', z.object({ id: z.string() })) },
    }),
    list: query({
      summary: 'All items',
      input: z.object({ limit: z.int().default(20), cursor: z.string().optional() }),
      output: z.object({ items: z.array(z.object({ id: z.string() })), nextCursor: z.string().nullable() }),
      access: anyone,
    }),
    order: mutation({
      summary: 'Orders an item',
      input: z.object({ id: z.string() }),
      output: z.object({ orderId: z.string() }),
      access: user,
      idempotent: 'by-key',
    }),
    watch: subscription({
      summary: 'Changes of prices',
      output: z.object({ id: z.string(), price: z.number() }),
      access: anyone,
    }),
  },
});
export const shop = connect(shopContract, { url: 'http://shop:3000', as: 'anyone' });

export { connect, createTRPCClient, initTRPC, superjson };
export const t = initTRPC.context<{ user: Caller['user'] }>().create({ transformer: superjson });
export const createContext = () => ({ user: undefined });
const id = z.object({ id: z.string() });
export const appRouter = t.router({
  pages: { get: t.procedure.input(z.object({ slug: z.string() })).query(({ input: { slug } }) => slug) },
  orders: {
    create: t.procedure.input(id).mutation(({ input }) => input.id),
    get: t.procedure.input(id).query(({ input }) => input.id),
  },
});
export type AppRouter = typeof appRouter;
export const client = connectRouter<AppRouter>({ url: 'http://shop:3000/trpc', transformer: superjson });

export declare const handlers: Handlers<typeof shopContract>;
export declare const call: Call<(typeof shopContract)['procedures']['items']['order']>;
export declare const options: ServeOptions;
export declare const log: Logger;
export declare const keys: KeySet;
export declare const signingKey: SigningKey;
export { X509Certificate };
export declare const pem: string;
export declare const token: string;
export declare const serviceToken: ServiceToken;
export declare const credentials: Credentials;
export declare const identity: IdentitySource;
export declare const tls: Tls;
export declare const request: IncomingMessage;
export declare const server: Server;
export declare const deployed: ContractSnapshot;
export declare const findings: readonly Finding[];
export declare const waivers: readonly Waiver[];
