import { createHash, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { bits, identifier, integer, octets, sequence, set, tagged, time, utf8, yes } from './der.ts';

/** What a certificate says (RFC 5280 §4.1). */
export interface CertificateFields {
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  /** Whether it signs certificates of services. */
  readonly isAuthority: boolean;
  readonly names: Readonly<{ dns: readonly string[]; ips: readonly string[]; uris: readonly string[] }>;
}

const ecdsaWithSha256 = sequence(identifier('1.2.840.10045.4.3.2'));

/** Writes a certificate in PEM, signed with a key of an ECDSA curve. */
export function signCertificate(fields: CertificateFields, signingKey: KeyObject): string {
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    ecdsaWithSha256,
    commonName(fields.issuer),
    sequence(time(fields.notBefore), time(fields.notAfter)),
    commonName(fields.subject),
    spkiOf(fields.publicKey),
    tagged(0xa3, sequence(...extensionsOf(fields, signingKey))),
  );
  const der = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, signingKey)));
  const lines = der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function extensionsOf({ isAuthority, publicKey, names }: CertificateFields, signingKey: KeyObject): Buffer[] {
  const general = [
    ...names.uris.map((uri) => tagged(0x86, Buffer.from(uri))),
    ...names.dns.map((name) => tagged(0x82, Buffer.from(name))),
    ...names.ips.map((ip) => tagged(0x87, addressOf(ip))),
  ];
  return [
    // An authority signs services, not other authorities.
    critical('2.5.29.19', isAuthority ? sequence(yes, integer(Buffer.from([0]))) : sequence()),
    // keyCertSign and cRLSign, or digitalSignature.
    critical('2.5.29.15', isAuthority ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7)),
    extension('2.5.29.14', octets(keyIdOf(publicKey))),
    extension('2.5.29.35', sequence(tagged(0x80, keyIdOf(createPublicKey(signingKey))))),
    // serverAuth and clientAuth.
    ...(isAuthority
      ? []
      : [extension('2.5.29.37', sequence(identifier('1.3.6.1.5.5.7.3.1'), identifier('1.3.6.1.5.5.7.3.2')))]),
    ...(general.length > 0 ? [extension('2.5.29.17', sequence(...general))] : []),
  ];
}

const extension = (id: string, value: Buffer) => sequence(identifier(id), octets(value));
const critical = (id: string, value: Buffer) => sequence(identifier(id), yes, octets(value));

function commonName(text: string): Buffer {
  return sequence(set(sequence(identifier('2.5.4.3'), utf8(text))));
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha256').update(spkiOf(key)).digest().subarray(0, 20);
}

/** 16 random bytes, positive (RFC 5280 §4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function addressOf(ip: string): Buffer {
  if (!isIPv6(ip)) return Buffer.from(ip.split('.').map(Number));
  const canonical = new URL(`http://[${ip}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const groups = (text = '') =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(head), groups(tail)];
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
