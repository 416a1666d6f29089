import { createTRPCClient, type TRPCClient } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import { expectTypeOf } from 'vitest';
import { connectRouter, meshLink, type MeshLinkContext } from './index.ts';
import type { stock } from './testing/stock.ts';

const url = 'http://localhost:3000';

// The types of the client stay tRPC's.
const client = createTRPCClient<typeof stock>({ links: [meshLink({ url, transformer: superjson })] });
expectTypeOf(client.orders.add.mutate).parameter(0).toEqualTypeOf<{ id: number }>();
expectTypeOf(client.orders.add.mutate({ id: 1 })).resolves.toEqualTypeOf<{ id: number; at: Date }>();

const context: MeshLinkContext = { timeoutMs: 20_000 };
await client.orders.add.mutate({ id: 1 }, { context });

// @ts-expect-error The router has a transformer.
createTRPCClient<typeof stock>({ links: [meshLink({ url })] });

const plain = initTRPC.create().router({});
createTRPCClient<typeof plain>({ links: [meshLink({ url })] });
// @ts-expect-error The router has none.
createTRPCClient<typeof plain>({ links: [meshLink({ url, transformer: superjson })] });

const direct = connectRouter<typeof stock>({ url, transformer: superjson });
expectTypeOf(direct).toExtend<TRPCClient<typeof stock>>();
expectTypeOf(direct.orders.add.mutate).parameter(0).toEqualTypeOf<{ id: number }>();
// @ts-expect-error The router has a transformer.
connectRouter<typeof stock>({ url });
