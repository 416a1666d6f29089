import type { IncomingMessage } from 'node:http';
import { maxMessageBytes, MeshError } from '../../wire/index.ts';
import { lingerMs } from './broken-request.ts';

export function tooLargeError(what: 'body' | 'message' = 'body', most = maxMessageBytes): MeshError {
  return new MeshError('PAYLOAD_TOO_LARGE', `The ${what} is longer than ${most} bytes: send it in parts`);
}

/** As in the fetch standard: UTF-8 whatever the content type, with U+FFFD for invalid bytes. */
const decoder = new TextDecoder();

/**
 * Reads a body.
 *
 * @param most Longest body, in bytes.
 * @throws MeshError PAYLOAD_TOO_LARGE for a longer one; the rest is dropped.
 * @throws MeshError CLIENT_CLOSED_REQUEST if the connection closes before the end.
 */
export function readBody(request: IncomingMessage, most = maxMessageBytes): Promise<string> {
  return new Promise((resolve, reject) => {
    const onGone = (): void => reject(new MeshError('CLIENT_CLOSED_REQUEST', 'The caller went away'));
    if (request.destroyed) {
      onGone();
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= most) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      // The stream keeps flowing, and drops the rest.
      request.off('data', onData);
      reject(tooLargeError('body', most));
    };
    request.on('data', onData);
    request.on('end', () => resolve(textOf(chunks)));
    request.on('close', () => {
      if (!request.readableEnded) onGone();
    });
  });
}

/** As in the fetch standard, removes a byte order mark, and the decoder removes another. */
function textOf(chunks: readonly Buffer[]): string {
  const [only = Buffer.alloc(0)] = chunks;
  const bytes = chunks.length > 1 ? Buffer.concat(chunks) : only;
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return decoder.decode(marked ? bytes.subarray(3) : bytes);
}

/** Receives and drops the rest of a body for a while, so that its sender can read the answer. */
export function lingerOn(request: IncomingMessage): void {
  setTimeout(() => {
    if (!request.complete) request.destroy();
  }, lingerMs).unref();
}
