import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Keeps what this service stores from whoever can read its database and nothing else. */
export interface Seal {
  /** Encrypts: nonce, AES-256-GCM's ciphertext, tag. @param about What it belongs to: opened with another, it does not open. */
  seal(content: string, about: string): Buffer<ArrayBuffer>;
  /** @throws Error when it was sealed with another key, about something else, or changed. */
  open(sealed: Uint8Array, about: string): string;
  /** The HMAC-SHA256 of a text: the same each time, and nobody else's to compute. */
  mac(content: string, about: string): Buffer;
}

/**
 * Makes the seal of ENCRYPTION_KEY.
 *
 * @param key 32 bytes.
 */
export function createSeal(key: Buffer): Seal {
  // One key for each use (NIST SP 800-108): neither says anything of the other.
  const derive = (use: string) => Buffer.from(hkdfSync('sha256', key, '', `arcadium auth ${use}`, 32));
  const sealing = derive('seal');
  const signing = derive('mac');
  return {
    seal(content, about) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, sealing, nonce).setAAD(Buffer.from(about));
      return Buffer.concat([nonce, cipher.update(content, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, about) {
      const bytes = Buffer.from(sealed);
      const decipher = createDecipheriv(algorithm, sealing, bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-tagBytes));
      return (
        decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
      );
    },
    mac: (content, about) => createHmac('sha256', signing).update(`${about}\0${content}`).digest(),
  };
}
