import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, inject, test } from 'vitest';
import { ShopSuite } from '../../mesh/src/testing/shop-suite.ts';
import { program } from './program.ts';

const { examples } = inject('outside');
const folder = join(examples, 'node_modules/@arcadium/cli');
const script = join(folder, 'dist/mesh.js');

const suite = new ShopSuite();
let env: Record<string, string>;
beforeEach(async () => {
  const { url } = await suite.start({ contractAccess: 'open' });
  const token = await suite.identity.serviceToken('till');
  env = { SHOP_SERVICE_URL: url, SERVICE_TOKEN: token, ADMIN_EMAIL: '', ADMIN_PASSWORD: '' };
});

const mesh = (...words: string[]) => program([script, ...words], { cwd: examples, env });

test('npm installs the command mesh, which says its version', async () => {
  expect(existsSync(join(examples, 'node_modules/.bin/mesh'))).toBe(true);
  expect(await mesh('--version')).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  expect(await mesh('--help')).toContain('Usage: mesh');
});

test('outside of a checkout, services are named by settings or by --url', async () => {
  const { SHOP_SERVICE_URL: url = '' } = env;
  expect(await mesh('status')).toMatch(/shop +http:\S+ +healthy/);
  env = { SHOP_SERVICE_URL: '' };
  expect(await mesh('status', '--url', `shop=${url}`)).toMatch(/shop +http:\S+ +healthy/);
  await expect(mesh('status')).rejects.toThrow(
    'The address of no service is known: set <NAME>_SERVICE_URL, give --url, or run this in a checkout',
  );
  await expect(mesh('status', '--url', url)).rejects.toThrow('such as wiki=http://localhost:5000');
});

test('a procedure is called, and calls are watched, without the code of the service', async () => {
  expect(await mesh('call', 'shop')).toMatch(/shop\.items\.get +query/);
  expect(JSON.parse(await mesh('call', 'shop.items.get', '{"id":1}'))).toEqual({ id: 1, name: 'item 1' });
  await expect(mesh('call', 'shop.item.get')).rejects.toThrow('Did you mean shop.items.get?');
  expect(JSON.parse(await mesh('call', 'shop.stock.take'))).toEqual({ by: 'till' });
  expect(await mesh('top', '--once', '--interval', '0.2')).toContain('1 of 1 processes');
  const tapping = mesh('tap', 'shop', '--count', '1', '--json');
  let ended = false;
  void tapping.finally(() => (ended = true));
  await expect
    .poll(
      async () => {
        await fetch(`${env['SHOP_SERVICE_URL']}/trpc/items.get?input=${encodeURIComponent('{"id":2}')}`);
        return ended;
      },
      { timeout: 30_000 },
    )
    .toBe(true);
  expect(await tapping).toContain('"procedure":"items.get"');
});

test.each([
  ['new', 'service', 'invoices'],
  ['db', 'backup', '--all'],
  ['contract', 'check'],
])('mesh %s %s needs a checkout, and says so', async (...words) => {
  await expect(mesh(...words)).rejects.toThrow(
    `"mesh ${words.slice(0, 2).join(' ')}" needs a checkout of Arcadium, whose files it works on: run it there as "npm run mesh -- ${words.slice(0, 2).join(' ')}"`,
  );
});
