import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** A certificate with its private key, as PEM. */
export interface TestCertificate {
  cert: string;
  key: string;
}

const dayMs = 24 * 3_600_000;
const tomorrow = (): Date => new Date(Date.now() + dayMs);

/** A certificate authority for tests, whose certificates may have any name and any end. */
export class TestAuthority {
  /** Its own certificate, as PEM: what clients trust. */
  readonly certificate: string;
  readonly #name: Buffer;
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  constructor(name: string) {
    this.#name = nameOf(name);
    const isAuthority = extension('2.5.29.19', sequence(der(0x01, Buffer.from([0xff]))));
    const own = { subject: this.#name, until: tomorrow(), extension: isAuthority };
    this.certificate = this.#certify(this.#keys.publicKey, own);
  }

  /** Issues the certificate of a server. @param until When it expires. @default tomorrow */
  issue(dnsName: string, until = tomorrow()): TestCertificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const names = extension('2.5.29.17', sequence(der(0x82, Buffer.from(dnsName))));
    return {
      cert: this.#certify(publicKey, { subject: nameOf(dnsName), until, extension: names }),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  /** X.509 v3 (RFC 5280 §4.1). */
  #certify(publicKey: KeyObject, given: { subject: Buffer; until: Date; extension: Buffer }): string {
    const algorithm = sequence(oid('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256
    const from = new Date(given.until.getTime() - 2 * dayMs);
    const content = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.from([1, ...randomBytes(8)])),
      algorithm,
      this.#name,
      sequence(time(from), time(given.until)),
      given.subject,
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(given.extension)),
    );
    const signature = sign('sha256', content, this.#keys.privateKey);
    const whole = sequence(content, algorithm, der(0x03, Buffer.from([0, ...signature])));
    const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  }
}

/** Tag, length and content, as DER encodes them (X.690 §8.1). */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(inBase128)]));
}

function inBase128(arc: number): number[] {
  const digits = [arc & 0x7f];
  for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

/** UTCTime: `YYMMDDHHMMSSZ`. */
function time(date: Date): Buffer {
  const text = `${date.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`;
  return der(0x17, Buffer.from(text));
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), der(0x04, value));
}
