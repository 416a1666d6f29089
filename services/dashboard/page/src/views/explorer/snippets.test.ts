import { expect, test } from 'vitest';
import { asCurl, asMeshCall, asTypeScript, type CopiedCall } from './snippets.ts';

const call: CopiedCall = {
  service: 'wiki',
  path: 'pages.create',
  kind: 'mutation',
  input: `{"title":"Ann's"}`,
  caller: 'user',
  idempotencyKey: 'k-1',
};

test('a mutation for a shell, with quotes in its input', () => {
  expect(asCurl(call).split(' \\\n  ')).toEqual([
    'curl "$WIKI_SERVICE_URL/trpc/pages.create"',
    '-H "authorization: Bearer $TOKEN"',
    `-H 'idempotency-key: k-1'`,
    `-H 'content-type: application/json'`,
    `-d '{"title":"Ann'\\''s"}'`,
  ]);
});

test('a query and a subscription for a shell', () => {
  const query: CopiedCall = {
    ...call,
    path: 'pages.get',
    kind: 'query',
    caller: 'notification',
    idempotencyKey: '',
  };
  expect(asCurl({ ...query, input: '{"slug":"a"}' }).split(' \\\n  ')).toEqual([
    'curl -G "$WIKI_SERVICE_URL/trpc/pages.get"',
    '-H "authorization: Service-Token $SERVICE_TOKEN"',
    `--data-urlencode 'input={"slug":"a"}'`,
  ]);
  expect(asCurl({ ...query, kind: 'subscription', caller: 'anyone', input: '' })).toBe(
    `curl -G "$WIKI_SERVICE_URL/trpc/pages.get" \\\n  -N -H 'accept: text/event-stream'`,
  );
});

test('the call of a mesh client', () => {
  expect(asTypeScript(call)).toContain(
    `await wiki.pages.create.mutate({"title":"Ann's"}, { context: { idempotencyKey: 'k-1' } });`,
  );
  expect(
    asTypeScript({ ...call, kind: 'query', path: 'pages.list', input: '', idempotencyKey: '' }),
  ).toContain('await wiki.pages.list.query();');
  expect(asTypeScript({ ...call, caller: 'anyone' })).toContain(
    `const wiki = connect(wikiContract, { as: 'anyone', url });`,
  );
});

test('the call for the command line', () => {
  expect(asMeshCall(call)).toBe(
    `npm run mesh -- call wiki.pages.create '{"title":"Ann'\\''s"}' --as user --key 'k-1'`,
  );
  expect(asMeshCall({ ...call, path: 'pages.list', input: '', caller: 'anyone', idempotencyKey: '' })).toBe(
    'npm run mesh -- call wiki.pages.list --as anyone',
  );
});
