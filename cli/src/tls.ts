import { readConfig } from '@arcadium/mesh/config';
import { createLogger } from '@arcadium/mesh/telemetry';
import { openTls, type Tls } from '@arcadium/mesh/tls';
import { z } from 'zod';
import { settingsOf } from './workspace.ts';

const file = z.string().min(1).optional();
let opened: { tls: Tls | undefined } | undefined;

/**
 * What this command trusts and presents: TLS_CA_FILE, TLS_CERT_FILE and TLS_KEY_FILE, as a service reads them.
 *
 * @throws ConfigError for files that cannot be used.
 */
export function commandTls(): Tls | undefined {
  if (!opened) {
    const config = readConfig({ TLS_CERT_FILE: file, TLS_KEY_FILE: file, TLS_CA_FILE: file }, settingsOf());
    // Expiry of a certificate is the concern of its service.
    const log = createLogger({ service: 'mesh', level: 'silent' });
    const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: caFile } = config;
    opened = { tls: openTls({ certFile, keyFile, caFile, log }) };
  }
  return opened.tls;
}

/** Options of a request of `undici` to a service. */
export function toService(): Partial<Pick<Tls, 'dispatcher'>> {
  const tls = commandTls();
  return tls ? { dispatcher: tls.dispatcher } : {};
}
