import { expect, test } from 'vitest';
import { z } from 'zod';
import { actingFor, admin, anyone, either, services, user } from './access.ts';
import { contract, entriesOf } from './contract.ts';
import { describeProcedures } from './description.ts';
import { openApi } from './openapi.ts';
import { mutation, query, subscription } from './procedure.ts';

const thread = z.object({
  text: z.string(),
  get answers() {
    return z.array(thread);
  },
});
const talk = contract('talk', {
  threads: {
    get: query({
      summary: 'A thread',
      input: z.object({ id: z.string() }),
      output: z.object({ thread }),
      access: anyone,
      examples: [{ id: '7' }, { id: '8' }],
    }),
    add: mutation({
      summary: 'Adds a thread',
      input: thread,
      output: z.object({ id: z.string() }),
      access: either(admin, user({ scopes: ['threads:write'] }), actingFor(services('bot'), user)),
      idempotent: 'by-key',
      rateLimit: { calls: 30, perMs: 60_000 },
      timeoutMs: 2000,
    }),
    watch: subscription({ summary: 'New threads', output: thread, access: anyone }),
  },
});

const document = openApi(describeProcedures(entriesOf(talk)), { name: 'talk', version: '1.2.3' });
const { paths, components } = document as {
  paths: Record<string, Record<string, Record<string, unknown>>>;
  components: Record<string, Record<string, unknown>>;
};

test('calls are POST, subscriptions are GET', () => {
  const methods = Object.entries(paths).map(([path, item]) => `${Object.keys(item).join()} ${path}`);
  expect(methods).toEqual(['post /trpc/threads.get', 'post /trpc/threads.add', 'get /trpc/threads.watch']);
});

test('each way to be admitted is one security requirement', () => {
  expect(paths['/trpc/threads.get']?.['post']?.['security']).toEqual([{}]);
  expect(paths['/trpc/threads.add']?.['post']?.['security']).toEqual([
    { user: ['admin'] },
    { user: ['threads:write'] },
    { service: [], userBehindService: [] },
  ]);
});

test('what the contract promises beside schemas is said', () => {
  const { description, parameters } = paths['/trpc/threads.add']?.['post'] ?? {};
  expect(description).toContain('Ends after 2000 ms. An address may call it 30 times in 60 s.');
  expect(parameters).toContainEqual({ $ref: '#/components/parameters/IdempotencyKey' });
});

test('examples are those of the request body', () => {
  expect(paths['/trpc/threads.get']?.['post']?.['requestBody']).toMatchObject({
    content: {
      'application/json': {
        examples: { example1: { value: { id: '7' } }, example2: { value: { id: '8' } } },
      },
    },
  });
});

test('references of recursive schemas lead to components that are there', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(5);
  for (const [, kind = '', name = ''] of references) expect(components[kind]).toHaveProperty([name]);
  expect(JSON.stringify(document)).not.toContain('$defs');
});
