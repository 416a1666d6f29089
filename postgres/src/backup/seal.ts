import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';

import { BackupError } from './backup-error.ts';

/**
 * How a backup is encrypted, in the format of age (https://age-encryption.org/v1): for recipients, whose
 * private keys the machine that makes backups does not have, or with a passphrase.
 */
export type Encryption = { recipients: readonly string[] } | { passphrase: string };

/** What opens a backup: private keys (`AGE-SECRET-KEY-1…`), or a passphrase. */
export type Unlocking = { identities: readonly string[] } | { passphrase: string };

type Step = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** 64 MiB of memory for a passphrase: age's default of 256 MiB does not fit into a service's container. */
const scryptWorkFactor = 16;

/** The first bytes of a file of age. */
const ageMark = Buffer.from('age-encryption.org/');
/** Most bytes of the header of such a file: room for twenty recipients of the longest kind. */
const longestHeader = 65_536;

/** What compresses a script and encrypts it. @throws BackupError for what is not a recipient of age. */
export async function sealWith(encryption: Encryption | undefined): Promise<Step> {
  const encrypted = encryption && (await encryptWith(encryption));
  return (script) => {
    const options = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 };
    const compressed = through(createZstdCompress({ params: options }), script);
    return encrypted ? encrypted(compressed) : compressed;
  };
}

async function encryptWith(encryption: Encryption): Promise<Step> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  if ('passphrase' in encryption) {
    encrypter.setPassphrase(encryption.passphrase);
    encrypter.setScryptWorkFactor(scryptWorkFactor);
  } else {
    for (const recipient of encryption.recipients) {
      try {
        encrypter.addRecipient(recipient);
      } catch (cause) {
        const message = `"${recipient}" is not a recipient of age: it begins with age1, as "mesh db keygen" prints it`;
        throw new BackupError('unready', message, { cause });
      }
    }
  }
  return async function* (source) {
    yield* await encrypter.encrypt(ReadableStream.from(source));
  };
}

async function* through(step: Duplex, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const fed = pipeline(source, step);
  fed.catch(() => {}); // the loop has the same error
  try {
    yield* step as AsyncIterable<Uint8Array>;
    await fed;
  } finally {
    step.destroy();
  }
}

/**
 * The script in a backup, decrypted and decompressed.
 *
 * @param open What opens it. @default it must not be encrypted
 * @throws BackupError if it is damaged, ends early or cannot be opened.
 */
export async function* unseal(file: Readable, open: Unlocking | undefined): AsyncGenerator<Uint8Array> {
  try {
    yield* through(createZstdDecompress(), opened(file, open));
  } catch (cause) {
    if (cause instanceof BackupError) throw cause;
    throw new BackupError('damaged', `The backup is damaged or truncated: ${messageOf(cause)}`, { cause });
  } finally {
    file.destroy();
  }
}

async function* opened(file: Readable, open: Unlocking | undefined): AsyncGenerator<Uint8Array> {
  const chunks = file[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
  const head = await readHead(chunks);
  const whole = prepend(head, chunks);
  if (!isAge(head)) yield* whole;
  else if (open) yield* await decrypt(whole, open);
  else throw new BackupError('locked', 'The backup is encrypted: give its identity or its passphrase');
}

function isAge(head: Buffer): boolean {
  return head.subarray(0, ageMark.length).equals(ageMark);
}

/** All of age's header, if the file has one: age itself reads on until it finds its end. */
async function readHead(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  for (;;) {
    const { done, value } = await chunks.next();
    if (done) return head;
    head = Buffer.concat([head, value]);
    if (head.length >= ageMark.length && (!isAge(head) || head.includes('\n---'))) return head;
    if (head.length >= longestHeader)
      throw new BackupError('damaged', 'The backup is damaged: its header does not end');
  }
}

async function* prepend(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* rest;
}

async function decrypt(file: AsyncIterable<Uint8Array>, open: Unlocking): Promise<AsyncIterable<Uint8Array>> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  try {
    if ('passphrase' in open) decrypter.addPassphrase(open.passphrase);
    else for (const identity of open.identities) decrypter.addIdentity(identity);
  } catch (cause) {
    // Not with its value, which is a private key.
    const message =
      'An identity is not one of age: it begins with AGE-SECRET-KEY-, as "mesh db keygen" prints it';
    throw new BackupError('locked', message, { cause });
  }
  try {
    return await decrypter.decrypt(ReadableStream.from(file));
  } catch (cause) {
    if (!messageOf(cause).startsWith('no identity matched')) throw cause;
    const tried = 'passphrase' in open ? 'passphrase' : 'identity';
    throw new BackupError('locked', `This ${tried} does not open the backup`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
