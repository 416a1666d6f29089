import { initTRPC, lazy } from '@trpc/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { contractFromSnapshot, type AnyContract, type ContractSnapshot } from '../../contract/index.ts';
import { createTestIdentity, silentLogger } from '../../testing/index.ts';
import { serve, type RunningService } from '../serve.ts';
import { fromRouter } from './from-router.ts';

const t = initTRPC.create();
const page = z.object({ slug: z.string().max(80) });

const router = t.router({
  get: t.procedure
    .input(page)
    .output(page.extend({ body: z.string() }))
    .query(({ input }) => ({ ...input, body: '' })),
  twice: t.procedure
    .input(page)
    .input(z.object({ limit: z.int().optional() }))
    .query(({ input }) => input.limit),
  none: t.procedure.query(() => 1),
  // A parser that is only a function does not say what it takes.
  byHand: t.procedure.input((value: unknown) => String(value)).mutation(({ input }) => input),
  part: lazy(async () =>
    t.router({ find: t.procedure.input(z.string().min(3)).query(({ input }) => input) }),
  ),
});

let service: RunningService;
let snapshot: ContractSnapshot;
beforeAll(async () => {
  const { authenticate } = await createTestIdentity();
  service = await serve(fromRouter(router, { name: 'app' }), {
    version: '1.0.0',
    port: 0,
    log: silentLogger,
    authenticate,
    contractAccess: 'open',
  });
  service.ready();
  snapshot = (await (await fetch(`${service.url}/api/contract`)).json()) as ContractSnapshot;
});
afterAll(() => service.stop());

const described = (path: string) => snapshot.procedures.find((one) => one.path === path);

test('the contract of a router has the schemas of its parsers', () => {
  const slug = { type: 'string', maxLength: 80 };
  expect(described('get')).toMatchObject({
    input: { type: 'object', properties: { slug }, required: ['slug'] },
    inputOptional: false,
    output: { type: 'object', properties: { slug, body: { type: 'string' } } },
  });
  expect(described('twice')).toMatchObject({
    input: { type: 'object', properties: { slug, limit: { type: 'integer' } }, required: ['slug'] },
    output: {},
  });
  expect(described('none')).toMatchObject({ input: null, inputOptional: true });
  expect(described('byHand')).toMatchObject({ kind: 'mutation', input: {} });
  expect(described('part.find')).toMatchObject({ input: { type: 'string', minLength: 3 } });
});

test('a contract that is made of it checks inputs as the router does', async () => {
  const { procedures } = contractFromSnapshot<AnyContract>(snapshot);
  const twice = procedures['twice'] as { input: z.ZodType };
  expect(twice.input.safeParse({ slug: 'a', limit: 1 }).success).toBe(true);
  expect(twice.input.safeParse({ slug: 'a', limit: 'x' }).success).toBe(false);
  expect(twice.input.safeParse({ limit: 1 }).success).toBe(false);
  const bad = await fetch(`${service.url}/trpc/twice?input=${encodeURIComponent('{"limit":1}')}`);
  expect(bad.status).toBe(400);
});
