import { MeshError } from '@arcadium/mesh/wire';
import { z } from 'zod';
import type { ListPosition } from '../stores/user-store.ts';

const position = z.tuple([z.iso.datetime(), z.uuid()]);

/** Writes where a list ended, for the caller to send back. */
export function encodeCursor({ createdAt, id }: ListPosition): string {
  return Buffer.from(JSON.stringify([createdAt.toISOString(), id])).toString('base64url');
}

/**
 * Reads a cursor that a caller sent back.
 *
 * @throws MeshError BAD_REQUEST if it is none that was ever handed out.
 */
export function decodeCursor(cursor: string): ListPosition {
  try {
    const [createdAt, id] = position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    return { createdAt: new Date(createdAt), id };
  } catch (cause) {
    throw new MeshError('BAD_REQUEST', 'The cursor is not one of this list', { cause });
  }
}
