import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@arcadium/mesh/testing';
import { openTls } from '@arcadium/mesh/tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { issueCertificates } from './issue-certificates.ts';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'certs-')), 'new');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

const issue = (names: string[]) =>
  issueCertificates({ folder, names, hosts: ['wiki.example', '10.0.0.7'], trustDomain: 'a.local', days: 30 });

test('each service gets a certificate of one authority, which is kept', () => {
  expect(issue(['auth', 'wiki']).map(({ name }) => name)).toEqual(['auth', 'wiki']);
  const authority = new X509Certificate(readFileSync(join(folder, 'ca.crt')));
  issue(['wiki']);
  const wiki = new X509Certificate(readFileSync(join(folder, 'wiki', 'tls.crt')));
  expect([wiki.verify(authority.publicKey), wiki.checkIssued(authority), authority.ca]).toEqual([
    true,
    true,
    true,
  ]);
  expect(wiki.subjectAltName?.split(', ').toSorted()).toEqual(
    [
      'DNS:localhost',
      'DNS:wiki',
      'DNS:wiki.example',
      'IP Address:0:0:0:0:0:0:0:1',
      'IP Address:10.0.0.7',
      'IP Address:127.0.0.1',
      'URI:spiffe://a.local/wiki',
    ].toSorted(),
  );
  const days = (Date.parse(wiki.validTo) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(30);
  expect(
    [join(folder, 'ca.key'), join(folder, 'wiki', 'tls.key')].map((path) => statSync(path).mode & 0o777),
  ).toEqual([0o600, 0o600]);
  const [certFile, keyFile, caFile] = ['tls.crt', 'tls.key', 'ca.crt'].map((file) =>
    join(folder, 'wiki', file),
  );
  using tls = openTls({ certFile, keyFile, caFile, clientAuth: 'require', log: silentLogger });
  expect(tls?.trustDomain).toBe('a.local');
});

test('a name that is no host name, and half an authority, are refused', () => {
  expect(() => issue(['../wiki'])).toThrow('"../wiki" is not a name');
  issue(['wiki']);
  rmSync(join(folder, 'ca.key'));
  expect(() => issue(['wiki'])).toThrow('has only one of ca.crt and ca.key');
});
