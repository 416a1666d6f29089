import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** A key for one use (NIST SP 800-108): it reveals nothing about those for other uses. */
const derive = (key: Buffer, use: string) =>
  Buffer.from(hkdfSync('sha256', key, '', `arcadium auth ${use}`, 32));

/** The keys of ENCRYPTION_KEY, 32 bytes each. The first one encrypts, all decrypt. */
export type EncryptionKeys = readonly [Buffer, ...Buffer[]];

/** Protects stored data from readers of the database. */
export class Seal {
  #sealing: readonly Buffer[] = [];
  #macKey: Buffer;

  constructor(...keys: EncryptionKeys) {
    this.use(keys);
    // The oldest key: what is stored was made with it.
    this.#macKey = derive(keys.at(-1) ?? keys[0], 'mac');
  }

  /** Puts other keys in force. */
  use(keys: EncryptionKeys): void {
    this.#sealing = keys.map((key) => derive(key, 'seal'));
  }

  /** Whether there are older keys, so that something may be encrypted with one of them. */
  get hasOlderKeys(): boolean {
    return this.#sealing.length > 1;
  }

  /**
   * The key of {@link mac}. It is the same after ENCRYPTION_KEY has changed, because what was made with it cannot be made
   * again: hashes of recovery codes, refresh tokens that clients hold.
   */
  get macKey(): Buffer {
    return this.#macKey;
  }

  set macKey(key: Buffer) {
    this.#macKey = key;
  }

  /** Encrypts: nonce, AES-256-GCM ciphertext, tag. @param about Context that must be the same for `open`. */
  seal(content: string, about: string): Buffer<ArrayBuffer> {
    const nonce = randomBytes(nonceBytes);
    const [key] = this.#sealing;
    if (!key) throw new TypeError('A seal has at least one key');
    const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(about));
    return Buffer.concat([nonce, cipher.update(content, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws Error if no key fits, the context differs, or the data was changed. */
  open(sealed: Uint8Array, about: string): string {
    let failure: unknown;
    for (const key of this.#sealing) {
      try {
        return openWith(key, sealed, about);
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  /** Encrypts again with the first key; `undefined` if it is encrypted with it. @throws as `open` does. */
  renew(sealed: Uint8Array, about: string): Buffer<ArrayBuffer> | undefined {
    const [first] = this.#sealing;
    try {
      if (first) openWith(first, sealed, about);
      return undefined;
    } catch {
      return this.seal(this.open(sealed, about), about);
    }
  }

  /** The HMAC-SHA256 of a text: deterministic, and computable only with the key. */
  mac(content: string, about: string): Buffer {
    return createHmac('sha256', this.#macKey).update(`${about}\0${content}`).digest();
  }
}

function openWith(key: Buffer, sealed: Uint8Array, about: string): string {
  const bytes = Buffer.from(sealed);
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-tagBytes));
  return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8');
}
