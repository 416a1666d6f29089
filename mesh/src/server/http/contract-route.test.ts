import { expect, test } from 'vitest';
import type { ProcedureDescription } from '../../contract/index.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();

async function ask(url: string, authorization?: string, path = '/api/contract') {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  const answer = await fetch(`${url}${path}`, { headers });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function procedure(path: string) {
  const { url } = await suite.start({ contractAccess: 'open' });
  const { body } = await ask(url);
  return (body['procedures'] as ProcedureDescription[]).find((one) => one.path === path);
}

test('a procedure is described with schemas, access and errors', async () => {
  expect(await procedure('items.get')).toEqual({
    path: 'items.get',
    kind: 'query',
    summary: 'One item',
    input: {
      type: 'object',
      properties: { id: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } },
      required: ['id'],
    },
    inputOptional: false,
    output: {
      type: 'object',
      properties: {
        id: { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
        name: { type: 'string' },
      },
      required: ['id', 'name'],
      additionalProperties: false,
    },
    access: { words: 'anyone', alternatives: [{}] },
    errors: [
      {
        name: 'ITEM_NOT_FOUND',
        code: 'NOT_FOUND',
        httpStatus: 404,
        message: 'There is no such item',
        data: expect.objectContaining({ required: ['id'] }),
      },
    ],
    idempotent: true,
    timeoutMs: null,
    rateLimit: null,
    priority: 'normal',
    hedge: false,
  });
});

test('without an input, its schema is null; access for a user is data', async () => {
  expect(await procedure('stock.takeFor')).toMatchObject({
    input: null,
    inputOptional: true,
    idempotent: false,
    access: { words: 'the service till for users', alternatives: [{ services: ['till'], user: 'user' }] },
  });
  expect(await procedure('ticks.watch')).toMatchObject({ kind: 'subscription', inputOptional: true });
});

test.each([
  ['open', { anyone: 200, user: 200, service: 200, admin: 200 }],
  ['token', { anyone: 401, user: 403, service: 200, admin: 200 }],
  ['admin', { anyone: 401, user: 403, service: 403, admin: 200 }],
] as const)('with access %s', async (contractAccess, statuses) => {
  const { url } = await suite.start({ contractAccess });
  const { identity } = suite;
  const credentials = {
    anyone: undefined,
    user: `Bearer ${await identity.userToken({ role: 'user' })}`,
    service: `Service-Token ${await identity.serviceToken('dashboard')}`,
    admin: `Bearer ${await identity.userToken({ role: 'admin' })}`,
  };
  for (const path of ['/api/contract', '/openapi.json']) {
    const answers: Record<string, number> = {};
    for (const [who, authorization] of Object.entries(credentials))
      answers[who] = (await ask(url, authorization, path)).status;
    expect(answers).toEqual(statuses);
  }
});

test('where nothing is said, a token is needed', async () => {
  expect((await ask(suite.service.url)).status).toBe(401);
  const { status, body } = await ask(
    suite.service.url,
    `Service-Token ${await suite.identity.serviceToken('dashboard')}`,
  );
  expect([status, body]).toEqual([200, expect.objectContaining({ name: 'shop', version: '1' })]);
});

test('the same is there as OpenAPI', async () => {
  const { url } = await suite.start({ contractAccess: 'open' });
  const { body } = await ask(url, undefined, '/openapi.json');
  expect(body).toMatchObject({ openapi: '3.1.1', info: { title: 'shop', version: '1' } });
  expect(body['paths']).toHaveProperty(['/trpc/items.get', 'post']);
});
