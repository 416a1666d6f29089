import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';

/** What a certificate says about its holder. */
export interface CertificateNames {
  /** Its SPIFFE ID, such as `spiffe://arcadium.local/wiki`: an X.509 SVID has exactly one. */
  readonly spiffeId: string | undefined;
  readonly dns: readonly string[];
}

/** The certificate that the client of a TLS connection presented. */
export interface ClientCertificate extends CertificateNames {
  /** OpenSSL's code of why it is not trusted, such as `CERT_HAS_EXPIRED`. @default it is trusted */
  readonly problem: string | undefined;
}

const ofSockets = new WeakMap<TLSSocket, ClientCertificate>();

/** The certificate that the client of a connection presented; `undefined` if none was, and without TLS. */
export function clientCertificateOf(socket: Duplex): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const known = ofSockets.get(socket);
  if (known) return known;
  const x509 = socket.getPeerX509Certificate();
  if (!x509) return undefined;
  // An Error with a code, or its code, depending on the version of Node.
  const problem = socket.authorized ? undefined : codeOf(socket.authorizationError);
  const certificate = { ...namesOf(x509), problem };
  ofSockets.set(socket, certificate);
  return certificate;
}

function codeOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' ? code : 'UNTRUSTED';
}

/**
 * The names of a certificate, from its subject alternative names only: the common name counts for nothing (RFC 9525 §2).
 *
 * @example
 * const names = namesOf(new X509Certificate(pem));
 */
export function namesOf({ subjectAltName = '' }: X509Certificate): CertificateNames {
  const entries = parseAltNames(subjectAltName);
  const uris = entries.filter(([type, value]) => type === 'URI' && value.startsWith('spiffe://'));
  return {
    spiffeId: uris.length === 1 ? uris[0]?.[1] : undefined,
    // Two SPIFFE IDs make a certificate invalid, also for its other names (SPIFFE X.509-SVID §2).
    dns: uris.length > 1 ? [] : entries.flatMap(([type, value]) => (type === 'DNS' ? [value] : [])),
  };
}

/** Parts a SPIFFE ID with one path segment, the service. */
function parseSpiffeId(id: string): { trustDomain: string; service: string } | undefined {
  const [, trustDomain, service] = /^spiffe:\/\/([a-z\d._-]{1,255})\/([\w.-]+)$/.exec(id) ?? [];
  return trustDomain === undefined || service === undefined ? undefined : { trustDomain, service };
}

/** The trust domain of a certificate's SPIFFE ID. */
export function trustDomainOf({ spiffeId }: CertificateNames): string | undefined {
  return spiffeId === undefined ? undefined : parseSpiffeId(spiffeId)?.trustDomain;
}

/**
 * Whether a certificate is that of a service: its SPIFFE ID is `spiffe://<trust domain>/<service>` or, without a SPIFFE
 * ID, one of its DNS names is the service's name.
 *
 * @param trustDomain The only one that counts. @default any that the authority signs
 *
 * @example
 * isOfService({ spiffeId: 'spiffe://example.com/wiki', dns: [] }, 'wiki', 'example.com'); // true
 */
export function isOfService(
  { spiffeId, dns }: CertificateNames,
  service: string,
  trustDomain: string | undefined,
): boolean {
  if (spiffeId === undefined) return dns.includes(service);
  const id = parseSpiffeId(spiffeId);
  return id?.service === service && (trustDomain === undefined || id.trustDomain === trustDomain);
}

/**
 * A certificate's names in a log line and in an error.
 *
 * @example
 * describeNames({ spiffeId: undefined, dns: ['wiki'] }); // 'wiki'
 */
export function describeNames({ spiffeId, dns }: CertificateNames): string {
  return spiffeId ?? (dns.join(', ') || 'no name');
}

/**
 * Reads Node's text of subject alternative names: `URI:spiffe://a/b, DNS:wiki`. A value with special characters is a
 * JSON string, so that it cannot pass for several entries.
 *
 * @returns Type and value of each entry; none if the text cannot be read.
 */
function parseAltNames(text: string): [type: string, value: string][] {
  const entry = /([^:",]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
  const found: [string, string][] = [];
  while (entry.lastIndex < text.length) {
    const [, type, value] = entry.exec(text) ?? [];
    if (type === undefined || value === undefined) return [];
    found.push([type, value.startsWith('"') ? String(JSON.parse(value)) : value]);
  }
  return found;
}
