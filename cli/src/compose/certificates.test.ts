import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@arcadium/mesh/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeCertificates } from './certificates.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'arcadium-certificates-'));
  mkdirSync(join(root, 'services/wiki'), { recursive: true });
  writeFileSync(join(root, 'services/wiki/package.json'), '{}');
});
afterEach(() => rmSync(root, { recursive: true }));

const path = (name: string) => join(root, 'docker/secrets/tls', name);
const text = (name: string) => readFileSync(path(name), 'utf8');
const certificate = (name: string) => new X509Certificate(text(`${name}/tls.crt`));

function put(name: string, content: string): void {
  rmSync(path(name));
  writeFileSync(path(name), content);
}

test('each container gets a certificate in its name, of one authority, once', () => {
  expect(writeCertificates(root)).toEqual(expect.arrayContaining(['wiki', 'edge', 'postgres']));
  expect(writeCertificates(root)).toEqual([]);
  const authority = new X509Certificate(text('ca.crt'));
  for (const name of ['wiki', 'edge', 'postgres']) {
    expect(certificate(name).verify(authority.publicKey)).toBe(true);
    expect(certificate(name).subjectAltName).toContain(`DNS:${name}`);
    expect(certificate(name).subjectAltName).toContain(`URI:spiffe://arcadium.local/${name}`);
  }
  // Containers run as another user; the folder above keeps out other users of this machine.
  expect(statSync(path('wiki/tls.key')).mode & 0o777).toBe(0o444);
  expect(statSync(path('ca.key')).mode & 0o777).toBe(0o600);
  expect(statSync(join(root, 'docker/secrets')).mode & 0o777).toBe(0o700);
});

test.each([
  ['has another key', () => put('wiki/tls.key', createAuthority().key)],
  ['has no key', () => rmSync(path('wiki/tls.key'))],
  [
    'ends soon',
    () => {
      const existing = { cert: text('ca.crt'), key: text('ca.key') };
      const { cert, key } = createAuthority({ existing }).issue('wiki', { days: 29 });
      put('wiki/tls.crt', cert);
      put('wiki/tls.key', key);
    },
  ],
  [
    'is of another authority',
    () => {
      const { cert, key } = createAuthority().issue('wiki', { days: 365 });
      put('wiki/tls.crt', cert);
      put('wiki/tls.key', key);
    },
  ],
])('a certificate that %s is replaced, and no other', (_what, spoil) => {
  writeCertificates(root);
  const before = certificate('wiki').serialNumber;
  spoil();
  expect(writeCertificates(root)).toEqual(['wiki']);
  expect(certificate('wiki').serialNumber).not.toBe(before);
  expect(writeCertificates(root)).toEqual([]);
});
