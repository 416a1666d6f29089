import { nearest } from '../../config/index.ts';
import { MeshError } from '../../wire/index.ts';
import type { CompiledProcedure } from './procedure.ts';

/** Most characters of a caller's text to send back. */
export const longestEcho = 128;

/** NOT_FOUND for a procedure, with a suggestion. */
export function unknownProcedure(path: string, known: Iterable<string>): MeshError {
  return new MeshError('NOT_FOUND', `Unknown procedure ${quoted(path)}.${hint(nearest(path, known))}`);
}

/** NOT_FOUND for a procedure called as the wrong kind. */
export function otherKind({ path, procedure: { kind } }: CompiledProcedure): MeshError {
  return new MeshError('NOT_FOUND', `"${path}" is a ${kind}: send "method": "${kind}"`);
}

/** NOT_FOUND for an HTTP path, with a suggestion. */
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
