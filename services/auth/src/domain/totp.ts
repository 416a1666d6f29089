import { Secret, TOTP } from 'otpauth';

/** How long one code is valid, in seconds (RFC 6238 §5.2). */
const period = 30;

/** Allowed clock difference, in steps either way. */
const tolerance = 1;

/** 160 bits, as RFC 4226 §4 recommends. */
const secretBytes = 20;

/** A new secret for an authenticator app, in Base32. */
export function newTotpSecret(): string {
  return new Secret({ size: secretBytes }).base32;
}

/** The content of the QR code for an authenticator app: `otpauth://totp/Arcadium:ann@example.com?…`. */
export function totpUri(secret: string, email: string): string {
  return totpOf(secret, email).toString();
}

/**
 * The time step of a code: the current one, or one next to it.
 *
 * @returns undefined for any other code, and for text that is not six digits.
 */
export function totpStep(secret: string, code: string, at: Date): bigint | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const totp = totpOf(secret);
  const timestamp = at.getTime();
  const delta = totp.validate({ token: code, timestamp, window: tolerance });
  return delta === null ? undefined : BigInt(totp.counter({ timestamp }) + delta);
}

function totpOf(secret: string, label = ''): TOTP {
  // The defaults of every app, stated explicitly because some apps ignore the URI's values.
  return new TOTP({ issuer: 'Arcadium', label, secret, algorithm: 'SHA1', digits: 6, period });
}
