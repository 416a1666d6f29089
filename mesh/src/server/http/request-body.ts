import type { IncomingMessage } from 'node:http';
import { maxMessageBytes, MeshError } from '../../wire/index.ts';
import { lingerMs } from './broken-request.ts';

/** Says that a body is too long, or a WebSocket message, and what may be done about it. */
export function tooLargeError(what: 'body' | 'message' = 'body'): MeshError {
  return new MeshError(
    'PAYLOAD_TOO_LARGE',
    `The ${what} is longer than ${maxMessageBytes} bytes: send it in parts`,
  );
}

/** As the fetch standard reads a body: UTF-8 whatever the content type says, with U+FFFD for what is none. */
const decoder = new TextDecoder();

/**
 * Reads a body to its end.
 *
 * @throws MeshError PAYLOAD_TOO_LARGE once more than `maxMessageBytes` have come; what follows is dropped.
 * @throws MeshError CLIENT_CLOSED_REQUEST when the connection is gone before the end.
 */
export function readBody(request: IncomingMessage): Promise<string> {
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
      if (size <= maxMessageBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      // The stream flows on without a listener, and its bytes go nowhere.
      request.off('data', onData);
      reject(tooLargeError());
    };
    request.on('data', onData);
    request.on('end', () => resolve(textOf(chunks)));
    request.on('close', () => {
      if (!request.readableEnded) onGone();
    });
  });
}

/** Fetch takes a byte order mark away before its decoder takes away the next: so does this. */
function textOf(chunks: readonly Buffer[]): string {
  const [only = Buffer.alloc(0)] = chunks;
  const bytes = chunks.length > 1 ? Buffer.concat(chunks) : only;
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return decoder.decode(marked ? bytes.subarray(3) : bytes);
}

/** Lets the rest of a body come in that nobody reads, for a while, so that its sender gets to read the answer. */
export function lingerOn(request: IncomingMessage): void {
  setTimeout(() => {
    if (!request.complete) request.destroy();
  }, lingerMs).unref();
}
