import { MeshError } from '@arcadium/mesh/wire';
import { LATEST_MS, type Position } from './position.ts';

const CURSOR = /^(0|[1-9]\d{0,14})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** A position as the opaque text that lists answer with: base64url, so that it needs no escaping. */
export function encodeCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.getTime()}.${id}`).toString('base64url');
}

/**
 * The position that a cursor stands for.
 *
 * @throws MeshError BAD_REQUEST when {@link encodeCursor} did not make it.
 */
export function decodeCursor(cursor: string): Position {
  const [, ms, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (ms === undefined || id === undefined || Number(ms) > LATEST_MS) throw malformed();
  const position = { createdAt: new Date(Number(ms)), id };
  // Node decodes leniently; one position has one cursor.
  if (encodeCursor(position) !== cursor) throw malformed();
  return position;
}

function malformed(): MeshError {
  return new MeshError('BAD_REQUEST', 'This cursor is not one that a list answered with');
}
