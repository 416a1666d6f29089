import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MeshError } from '@arcadium/mesh/contract';

/** Longest body, compressed and decompressed, in bytes. */
export const longestBody = 4 * 2 ** 20;
/** Most bodies at a time, and most bytes of all of them. */
export const mostBodies = 32;
const mostBytes = 4 * longestBody;
const retryAfterMs = 1000;

const decompress = promisify(gunzip);

/** The bodies that are being received. */
export class Bodies {
  #count = 0;
  #bytes = 0;

  /**
   * Reads and decompresses a body, and hands it over.
   *
   * @throws MeshError PAYLOAD_TOO_LARGE for more than 4 MiB, also when decompressed; TOO_MANY_REQUESTS while 32 bodies
   * or 16 MiB are being received; UNSUPPORTED_MEDIA_TYPE for an encoding other than gzip; BAD_REQUEST for a body that is
   * not what its encoding says; CLIENT_CLOSED_REQUEST. Errors of `use`.
   */
  async receive<Result>(request: IncomingMessage, use: (body: Buffer) => Promise<Result>): Promise<Result> {
    if (this.#count >= mostBodies) throw busy();
    if (Number(request.headers['content-length'] ?? 0) > longestBody) throw tooLong();
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity' && encoding !== 'gzip')
      throw new MeshError('UNSUPPORTED_MEDIA_TYPE', 'The content encoding must be gzip or identity');
    const held = { bytes: 0 };
    this.#count += 1;
    try {
      const body = await this.#read(request, held);
      if (encoding === 'identity') return await use(body);
      const plain = await decompressed(body);
      this.#hold(plain.length, held);
      return await use(plain);
    } finally {
      this.#count -= 1;
      this.#bytes -= held.bytes;
    }
  }

  async #read(request: IncomingMessage, held: { bytes: number }): Promise<Buffer> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        const bytes = chunk as Buffer;
        if (held.bytes + bytes.length > longestBody) throw tooLong();
        this.#hold(bytes.length, held);
        chunks.push(bytes);
      }
    } catch (error) {
      if (error instanceof MeshError) throw error;
      throw new MeshError('CLIENT_CLOSED_REQUEST', 'The sender went away', { cause: error });
    }
    return Buffer.concat(chunks);
  }

  #hold(bytes: number, held: { bytes: number }): void {
    if (this.#bytes + bytes > mostBytes) throw busy();
    this.#bytes += bytes;
    held.bytes += bytes;
  }
}

async function decompressed(body: Buffer): Promise<Buffer> {
  try {
    return await decompress(body, { maxOutputLength: longestBody });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong();
    throw new MeshError('BAD_REQUEST', 'The body is not gzip', { cause: error });
  }
}

function tooLong(): MeshError {
  return new MeshError(
    'PAYLOAD_TOO_LARGE',
    `The body is longer than ${longestBody} bytes, or would be decompressed: send smaller batches`,
  );
}

function busy(): MeshError {
  return new MeshError('TOO_MANY_REQUESTS', 'Too many requests at a time', { retryAfterMs });
}
