import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { signCertificate } from './certificate.ts';

const dayMs = 86_400_000;

/** Certificates begin a little earlier, in milliseconds: clocks differ. */
const backdatedMs = 5 * 60_000;

/** A certificate and its private key, in PEM. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** DNS names. @default none */
  dns?: readonly string[];
  /** IP addresses. @default none */
  ips?: readonly string[];
  /** SPIFFE ID, such as `spiffe://arcadium.local/wiki`. @default none */
  spiffeId?: string;
  /** How long it is valid, in days. @default 90 */
  days?: number;
  /** When it ends; it may be in the past. @default after `days` */
  notAfter?: Date;
}

export interface AuthorityOptions {
  /** Common name. @default 'Arcadium development authority' */
  name?: string;
  /** How long the authority is valid, in days. @default 3650 */
  days?: number;
  /** An authority made before, to sign more certificates with. @default a new one */
  existing?: IssuedCertificate | undefined;
}

/** A certificate authority for development and for tests. Its key is in memory and in `key`: not for production. */
export interface Authority extends IssuedCertificate {
  /** Issues a certificate for a server that is also a client. @param name Its common name. */
  issue(name: string, options?: CertificateOptions): IssuedCertificate;
}

/**
 * Makes a certificate authority (ECDSA P-256) that signs certificates of services.
 *
 * @throws Error if `existing` is not an authority with its key.
 * @example
 * const authority = createAuthority();
 * const wiki = authority.issue('wiki', { dns: ['wiki', 'localhost'], spiffeId: 'spiffe://arcadium.local/wiki' });
 */
export function createAuthority(options: AuthorityOptions = {}): Authority {
  const { name = 'Arcadium development authority', days = 3650, existing } = options;
  const { cert, key } = existing ?? createRoot(name, days);
  const root = new X509Certificate(cert);
  const signingKey = createPrivateKey(key);
  if (!root.ca || !root.checkPrivateKey(signingKey))
    throw new Error('The certificate is not that of an authority, or the key is not its own');
  const [, issuer = name] = /^CN=(.*)$/m.exec(root.subject) ?? [];
  return {
    cert,
    key,
    issue(subject, { dns = [], ips = [], spiffeId, days: own = 90, notAfter } = {}) {
      const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const until = notAfter ?? new Date(Date.now() + own * dayMs);
      const issued = signCertificate(
        {
          subject,
          issuer,
          notBefore: new Date(Math.min(Date.now(), until.getTime()) - backdatedMs),
          notAfter: until,
          publicKey: keys.publicKey,
          isAuthority: false,
          names: { dns, ips, uris: spiffeId === undefined ? [] : [spiffeId] },
        },
        signingKey,
      );
      return { cert: issued, key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    },
  };
}

function createRoot(name: string, days: number): IssuedCertificate {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = signCertificate(
    {
      subject: name,
      issuer: name,
      notBefore: new Date(Date.now() - backdatedMs),
      notAfter: new Date(Date.now() + days * dayMs),
      publicKey: createPublicKey(privateKey),
      isAuthority: true,
      names: { dns: [], ips: [], uris: [] },
    },
    privateKey,
  );
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
