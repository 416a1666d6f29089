import type { X509Certificate } from 'node:crypto';
import { gauge, type Logger } from '../telemetry/index.ts';
import { describeNames, namesOf } from './certificate.ts';
import type { TlsMaterial } from './material.ts';

const dayMs = 86_400_000;

/** Longest time before the end of a certificate at which the log warns, in milliseconds. */
const longestNoticeMs = 30 * dayMs;

/** How often a warning is repeated, in milliseconds. */
const repeatMs = dayMs;

const watches = new Set<ExpiryWatch>();

// oxlint-disable-next-line no-unused-expressions
gauge(
  {
    name: 'mesh_tls_certificate_expiration_timestamp_seconds',
    help: 'When the first certificate of a TLS file expires, in seconds since 1970, by file: cert or ca',
    labels: ['file'],
  },
  (set) => {
    for (const watch of watches) for (const [file, endsAt] of watch.ends()) set({ file }, endsAt / 1000);
  },
);

/** The state of a certificate, and when it ends, in milliseconds since 1970. */
export type CertificateLife = Readonly<{ state: 'good' | 'ending' | 'expired'; expiresAt: number }>;

/**
 * A certificate is ending in the last quarter of its life, at most 30 days.
 *
 * @param now In milliseconds since 1970.
 *
 * @example
 * const { state, expiresAt } = certificateLife(new X509Certificate(pem), Date.now());
 */
export function certificateLife({ validFrom, validTo }: X509Certificate, now: number): CertificateLife {
  const [from, expiresAt] = [Date.parse(validFrom), Date.parse(validTo)];
  const leftMs = expiresAt - now;
  if (leftMs > Math.min((expiresAt - from) / 4, longestNoticeMs)) return { state: 'good', expiresAt };
  return { state: leftMs > 0 ? 'ending' : 'expired', expiresAt };
}

/** Warns in the log before certificates expire, and exposes when they do. */
export class ExpiryWatch {
  readonly #log: Logger;
  readonly #now: () => number;
  #material: TlsMaterial;
  /** When each certificate was last warned of, by fingerprint. */
  #warned = new Map<string, number>();

  constructor(material: TlsMaterial, { log, now }: { log: Logger; now: () => number }) {
    this.#material = material;
    this.#log = log;
    this.#now = now;
    watches.add(this);
    this.check();
  }

  /** Watches the certificates of other files from now on. */
  replace(material: TlsMaterial): void {
    this.#material = material;
    this.#warned = new Map();
    this.check();
  }

  /**
   * Logs each certificate that has expired or is ending, once a day. Renewal is due at two thirds of its life, so by then
   * it has failed.
   */
  check(): void {
    const now = this.#now();
    for (const { file, path, x509 } of this.#material.certificates) {
      const { state, expiresAt } = certificateLife(x509, now);
      if (state === 'good') continue;
      if (now - (this.#warned.get(x509.fingerprint256) ?? -Infinity) < repeatMs) continue;
      this.#warned.set(x509.fingerprint256, now);
      const fields = {
        file: path,
        certificate: file === 'ca' ? x509.subject : describeNames(namesOf(x509)),
        expires_at: new Date(expiresAt).toISOString(),
      };
      if (state === 'ending')
        this.#log.warn(fields, 'a TLS certificate expires soon: replace its file; no restart is needed');
      else this.#log.error(fields, 'a TLS certificate has expired: other services refuse new connections');
    }
  }

  /** The earliest end of each file's certificates, in milliseconds since 1970. */
  ends(): ReadonlyMap<string, number> {
    const ends = new Map<string, number>();
    for (const { file, x509 } of this.#material.certificates)
      ends.set(file, Math.min(ends.get(file) ?? Infinity, Date.parse(x509.validTo)));
    return ends;
  }

  stop(): void {
    watches.delete(this);
  }
}
