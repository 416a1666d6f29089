import { nearest } from '../../config/index.ts';
import { MeshError } from '../../wire/index.ts';
import type { CompiledProcedure } from './procedure.ts';

/** Of what a caller asked for, at most this many characters are sent back. */
export const longestEcho = 128;

/** Says that there is no such procedure, and which one may be meant. */
export function unknownProcedure(path: string, known: Iterable<string>): MeshError {
  return new MeshError('NOT_FOUND', `Unknown procedure ${quoted(path)}.${hint(nearest(path, known))}`);
}

/** Says that a procedure is of another kind than it was called as. */
export function otherKind({ path, procedure: { kind } }: CompiledProcedure): MeshError {
  return new MeshError('NOT_FOUND', `"${path}" is a ${kind}: send "method": "${kind}"`);
}

/** Says that there is nothing at a path, and which one may be meant. */
export function unknownPath(path: string, routes: Iterable<string>, procedures: Iterable<string>): MeshError {
  const procedure = Array.from(procedures).find((one) => path === `/${one}`);
  const near = procedure === undefined ? nearest(path, routes) : `/trpc/${procedure}`;
  return new MeshError('NOT_FOUND', `Unknown path ${quoted(path)}.${hint(near)}`);
}

function quoted(text: string): string {
  return `"${text.slice(0, longestEcho)}"`;
}

function hint(near: string | undefined): string {
  return near === undefined ? '' : ` Did you mean "${near}"?`;
}
