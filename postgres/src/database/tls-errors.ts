/** Messages of pg for a server that does not answer with TLS, without a code. */
const noTls = new Map([
  [
    'The server does not support SSL connections',
    'the server does not offer TLS, which sslmode requires: turn on ssl in its configuration',
  ],
  ['There was an error establishing an SSL connection', 'the server did not answer to the request for TLS'],
]);

/** OpenSSL could not build a chain from the server's certificate to a trusted CA. */
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
]);

/**
 * The meaning of a failed TLS handshake with the database, in words; `undefined` for another error.
 *
 * @see https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
export function explainTls(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, message } = error as Error & { code?: unknown };
  if (typeof code !== 'string') return noTls.get(message);
  if (code === 'CERT_HAS_EXPIRED') return "the server's certificate has expired";
  if (code === 'CERT_NOT_YET_VALID') return "the server's certificate is not valid yet";
  if (untrusted.has(code))
    return `the server's certificate is not signed by a CA of sslrootcert, or by one that Node trusts (${code})`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the server's certificate is for another name: ${namesOf(error)}`;
  return /^(ERR_SSL_|ERR_TLS_|CERT_)/.test(code) ? `the TLS handshake failed (${code})` : undefined;
}

/** The host of the URL, and the names in the certificate. */
function namesOf(error: Error): string {
  const { host, cert } = error as Error & { host?: string; cert?: { subjectaltname?: string } };
  return `the URL has ${host ?? 'another host'}, the certificate has ${cert?.subjectaltname ?? 'no name'}`;
}
