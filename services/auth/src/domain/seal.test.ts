import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Seal } from './seal.ts';

const key = randomBytes(32);
const seal = new Seal(key);

test('what was sealed is opened again, and is another text each time', () => {
  const sealed = seal.seal('a secret, ünïcode', 'totp:ann');
  expect(sealed.includes('secret')).toBe(false);
  expect(seal.seal('a secret, ünïcode', 'totp:ann').equals(sealed)).toBe(false);
  expect(seal.open(sealed, 'totp:ann')).toBe('a secret, ünïcode');
  expect(new Seal(key).open(new Uint8Array(sealed), 'totp:ann')).toBe('a secret, ünïcode');
});

test('not with another key, about something else, changed or cut short', () => {
  const sealed = seal.seal('a secret', 'totp:ann');
  expect(() => new Seal(randomBytes(32)).open(sealed, 'totp:ann')).toThrow();
  expect(() => seal.open(sealed, 'totp:ben')).toThrow();
  for (const at of [0, 12, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => seal.open(changed, 'totp:ann')).toThrow();
  }
  expect(() => seal.open(sealed.subarray(0, -1), 'totp:ann')).toThrow();
  expect(() => seal.open(Buffer.alloc(5), 'totp:ann')).toThrow();
});

test('a MAC is the same each time, and another for another key, text or use', () => {
  const mac = seal.mac('token', 'refresh').toString('hex');
  expect(new Seal(key).mac('token', 'refresh').toString('hex')).toBe(mac);
  expect(new Seal(randomBytes(32)).mac('token', 'refresh').toString('hex')).not.toBe(mac);
  expect(seal.mac('token', 'other').toString('hex')).not.toBe(mac);
  expect(seal.mac('tokens', 'refresh').toString('hex')).not.toBe(mac);
});
