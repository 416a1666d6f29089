import { randomBytes, timingSafeEqual, type Argon2Parameters } from 'node:crypto';
import type { MeshError } from '@arcadium/mesh/contract';
import { HashingQueue } from '../hashing/hashing-queue.ts';

/** OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane. */
const current = { memory: 19_456, passes: 2, parallelism: 1 };

const saltBytes = 16;
const tagBytes = 32;

/** Hashes and checks passwords off the event loop, a few at a time. */
export interface PasswordHasher {
  /**
   * Reserves a place for one check, for callers that have work to do first that would otherwise be wasted.
   * Dispose of it afterwards.
   *
   * @throws MeshError TOO_MANY_REQUESTS when there is no place.
   */
  keepPlace(): Place;
  /** The error for a caller that asks for a place now; `undefined` if there is one. */
  refusal(): MeshError | undefined;
  /**
   * @param signal Fires when the caller no longer waits; a hash that has not started by then is not made.
   * @returns A PHC string, such as `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
   * @throws MeshError TOO_MANY_REQUESTS when too many are waiting, or its turn does not come within two
   * seconds.
   */
  hash(password: string, signal?: AbortSignal): Promise<string>;
  /**
   * Whether the password is correct. Without a hash the answer is no, after the same amount of work, so that
   * the time does not reveal whether an account exists. Signal and errors as for `hash`.
   */
  matches(password: string, hash: string | undefined, signal?: AbortSignal): Promise<boolean>;
  /** Stops its threads. */
  close(): Promise<void>;
}

/** A reserved place for one password check. */
export interface Place extends Disposable {
  /** As in the hasher, but refused only if its turn does not come within two seconds. */
  matches(password: string, hash: string | undefined, signal?: AbortSignal): Promise<boolean>;
}

/**
 * Creates the hasher of a process.
 *
 * @param longestWaitMs Longest wait for a hash's turn, in milliseconds; what starts then still finishes
 * within a call's timeout.
 * @default 2000
 */
export function createPasswordHasher(longestWaitMs = 2000): PasswordHasher {
  const queue = new HashingQueue(longestWaitMs);
  const nobodys = { ...current, salt: randomBytes(saltBytes), tag: randomBytes(tagBytes) };

  const keepPlace = (): Place => {
    queue.keepPlace();
    return {
      async matches(password, hash, signal) {
        const known = hash === undefined ? nobodys : parse(hash);
        const tag = await queue.tagOf(parametersOf(password, known), signal);
        return timingSafeEqual(tag, known.tag) && hash !== undefined;
      },
      [Symbol.dispose]: () => queue.giveBackPlace(),
    };
  };

  return {
    keepPlace,
    refusal: () => queue.refusal(),
    close: () => queue.close(),
    async hash(password, signal) {
      const salt = randomBytes(saltBytes);
      queue.keepPlace();
      const parameters = parametersOf(password, { ...current, salt });
      const tag = await queue.tagOf(parameters, signal).finally(() => queue.giveBackPlace());
      const { memory, passes, parallelism } = current;
      return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
    },
    async matches(password, hash, signal) {
      using place = keepPlace();
      return await place.matches(password, hash, signal);
    },
  };
}

/** Whether a hash has outdated parameters and should be replaced when the password is next known. */
export function needsRehash(hash: string): boolean {
  const { memory, passes, parallelism } = parse(hash);
  return memory !== current.memory || passes !== current.passes || parallelism !== current.parallelism;
}

interface Settings {
  /** In KiB. */
  memory: number;
  passes: number;
  parallelism: number;
  salt: Buffer;
}

function parametersOf(password: string, { salt, ...cost }: Settings): Argon2Parameters {
  return {
    // NIST 800-63B-4 §3.1.1.2: normalise, so that the same password typed on another keyboard has the same
    // bytes.
    message: Buffer.from(password.normalize('NFKC')),
    nonce: salt,
    tagLength: tagBytes,
    memory: cost.memory,
    passes: cost.passes,
    parallelism: cost.parallelism,
  };
}

const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/;

function parse(hash: string): Settings & { tag: Buffer } {
  const [, memory, passes, parallelism, salt, tag] = phc.exec(hash) ?? [];
  if (salt === undefined || tag === undefined)
    throw new Error('A stored password hash has an unknown format');
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

/** PHC strings have no padding. */
function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
