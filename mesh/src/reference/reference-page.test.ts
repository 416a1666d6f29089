import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  actingFor,
  admin,
  anyone,
  contract,
  entriesOf,
  error,
  mutation,
  query,
  services,
  subscription,
  takeSnapshot,
  user,
} from '../contract/index.ts';
import { writeHtml } from './html.ts';
import { procedureBlocks } from './procedure-blocks.ts';
import { referencePage } from './reference-page.ts';

const shop = contract('corner-shop', {
  items: {
    get: query({
      summary: 'One item <or> *none* of `items`',
      input: z.object({ id: z.int().min(1), name: z.string().regex(/^a|b$/).optional() }),
      output: z.object({ name: z.string() }),
      access: anyone,
      hedge: true,
      examples: [{ id: 1 }, { id: 2, name: 'b' }],
      errors: { GONE: error('NOT_FOUND', ({ id }) => `${id} is gone`, z.object({ id: z.int() })) },
    }),
    add: mutation({
      summary: 'Adds an item',
      input: z.object({ name: z.string() }),
      output: z.object({}),
      access: user,
      idempotent: 'by-key',
      timeoutMs: 2000,
      rateLimit: { calls: 30, perMs: 60_000 },
      priority: 'sheddable',
      examples: [{ name: "Ann's pie" }],
    }),
    watch: subscription({
      summary: 'What is added',
      input: z.object({ after: z.string() }),
      output: z.string(),
      access: actingFor(services('till'), user),
      examples: [{ after: '7' }],
    }),
  },
  close: mutation({ summary: 'Closes', output: z.void(), access: admin }),
  none: mutation({ summary: 'For no caller', output: z.void(), access: { alternatives: [] } }),
});
const snapshot = takeSnapshot({ name: shop.name, version: '1', procedures: entriesOf(shop) });

test('the page says what each procedure does, takes, answers, and how it fails', async () => {
  const page = referencePage(snapshot, 'Read this first.');
  expect(page).toMatch(/^# The corner-shop service\n\nRead this first\.\n\n## items\n/);
  const section = (path: string) => page.split('\n### ').find((part) => part.startsWith(path)) ?? '';
  const get = section('items.get');
  expect(get).toContain('One item \\<or\\> \\*none\\* of `items`.');
  expect(get).toMatch(/\| Who may call +\| anyone +\|/);
  expect(get).toMatch(/\| Hedged +\| a call slower than 99 % of the others gets a second attempt +\|/);
  expect(get).toMatch(/\| `id` +\| `integer` +\| yes +\| at least 1 +\|/);
  expect(get).toMatch(/\| `name` +\| `string` +\| no +\| matches `\^a\\\|b\$` +\|/);
  expect(get).toMatch(/\| `GONE` \| `NOT_FOUND` \| 404 +\| depends on the data \| `id` \|/);
  expect(get).toContain('#### Examples');
  const add = section('items.add');
  expect(add).toMatch(/\| Repeating +\| a repeated idempotency key gets the first answer +\|/);
  expect(add).toMatch(/\| Time limit +\| 2 s for an attempt +\|/);
  expect(add).toMatch(/\| Rate limit +\| 30 calls of an address in 60 s +\|/);
  expect(add).toMatch(/\| Priority +\| sheddable: refused first under overload +\|/);
  expect(add).toContain('An empty object.');
  expect(section('items.watch')).toContain('#### Each event\n\nstring.');
  expect(section('close')).toContain('#### Input\n\nNone.');
});

test.each([
  [
    'items.add',
    `curl -X POST "$CORNER_SHOP_SERVICE_URL/trpc/items.add" \\
  -H 'content-type: application/json' \\
  -H "authorization: Bearer $USER_TOKEN" \\
  -H 'idempotency-key: items.add-1' \\
  -d '{"name":"Ann'\\''s pie"}'`,
  ],
  [
    'items.watch',
    `curl -N -G "$CORNER_SHOP_SERVICE_URL/trpc/items.watch" \\
  -H 'accept: text/event-stream' \\
  -H "authorization: Service-Token $SERVICE_TOKEN" \\
  -H "x-user-token: $USER_TOKEN" \\
  --data-urlencode 'input={"after":"7"}'`,
  ],
  [
    'close',
    `curl -X POST "$CORNER_SHOP_SERVICE_URL/trpc/close" \\
  -H 'content-type: application/json' \\
  -H "authorization: Bearer $USER_TOKEN"`,
  ],
])('the example of %s is a command for the caller that it admits', (_path, command) => {
  expect(referencePage(snapshot)).toContain('```sh\n' + command + '\n```');
});

test('as HTML, everything is text', () => {
  const page = writeHtml('The <shop>', procedureBlocks(snapshot));
  expect(page).toContain('<title>The &lt;shop&gt;</title>');
  expect(page).toContain('<p>One item &lt;or&gt; *none* of `items`.</p>');
  expect(page).toContain('<h3 id="items.get">items.get</h3>');
  expect(page).toContain('<td><code>GONE</code></td>');
  expect(page).not.toMatch(/<script|<style|style=/);
});

test('an overview has no schemas, errors and examples', () => {
  const page = writeHtml('shop', procedureBlocks(snapshot, { details: false }));
  expect(page).toContain('items.get');
  expect(page).not.toMatch(/GONE|curl|integer/);
});
