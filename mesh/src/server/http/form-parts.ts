import type { IncomingMessage } from 'node:http';
import { MeshError } from '../../wire/index.ts';

/** Most parts of a form: with 40,000 in 2 MiB, the parser takes half a second. */
const mostParts = 1000;

/**
 * Counts the parts of a form as it arrives.
 *
 * @returns Resolves when all has arrived.
 * @throws MeshError BAD_REQUEST for too many.
 */
export function mustHaveFewParts(request: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    let parts = 0;
    const onData = (chunk: Buffer): void => {
      for (let at = chunk.indexOf('\n--'); at !== -1; at = chunk.indexOf('\n--', at + 3)) parts += 1;
      if (parts <= mostParts) return;
      request.off('data', onData);
      reject(new MeshError('BAD_REQUEST', `A form may hold at most ${mostParts} parts`));
    };
    request.on('data', onData);
    request.on('end', resolve);
    request.on('close', resolve);
  });
}
