import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Protects stored data from readers of the database. */
export interface Seal {
  /** Encrypts: nonce, AES-256-GCM ciphertext, tag. @param about Context that must be the same for `open`. */
  seal(content: string, about: string): Buffer<ArrayBuffer>;
  /** @throws Error if the key or the context differs, or the data was changed. */
  open(sealed: Uint8Array, about: string): string;
  /** The HMAC-SHA256 of a text: deterministic, and computable only with the key. */
  mac(content: string, about: string): Buffer;
}

/** @param key ENCRYPTION_KEY, 32 bytes. */
export function createSeal(key: Buffer): Seal {
  // A separate key for each use (NIST SP 800-108): neither reveals anything about the other.
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
