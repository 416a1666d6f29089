import { Secret, TOTP } from 'otpauth';

/** The seconds that one code is shown for (RFC 6238 §5.2). */
const period = 30;

/** How many steps a phone's clock may be off, either way. */
const tolerance = 1;

/** 160 bits, as RFC 4226 §4 recommends. */
const secretBytes = 20;

/** A new secret for an authenticator app, in base32. */
export function newTotpSecret(): string {
  return new Secret({ size: secretBytes }).base32;
}

/** What the QR code of an authenticator app says: `otpauth://totp/Arcadium:ann@example.com?…`. */
export function totpUri(secret: string, email: string): string {
  return totpOf(secret, email).toString();
}

/**
 * The time step that a code is of: this one, or one beside it.
 *
 * @returns undefined for a code of none of them, and for what is no code of six digits.
 */
export function totpStep(secret: string, code: string, at: Date): bigint | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const totp = totpOf(secret);
  const timestamp = at.getTime();
  const delta = totp.validate({ token: code, timestamp, window: tolerance });
  return delta === null ? undefined : BigInt(totp.counter({ timestamp }) + delta);
}

function totpOf(secret: string, label = ''): TOTP {
  // The defaults of every app, said aloud: some ignore what a URI says.
  return new TOTP({ issuer: 'Arcadium', label, secret, algorithm: 'SHA1', digits: 6, period });
}
