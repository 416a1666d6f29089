import type { IncomingMessage } from 'node:http';
import { TRPCError } from '@trpc/server';
import type { ProcedureKind } from '../../contract/index.ts';
import { parseBoundedJson } from './bounded-json.ts';
import { readBody } from './request-body.ts';
import { MeshError } from '../../wire/index.ts';

/** Where the input of a plain call is: in its body, or this text of its URL. */
export type InputSource = { readonly in: 'body' } | { readonly in: 'url'; readonly text: string };

const inBody: InputSource = { in: 'body' };
const none: InputSource = { in: 'url', text: '' };
const inputPrefix = '?input=';

/**
 * Tells a plain call from all else that a path of `/trpc/` may be asked: one
 * query by GET, or one query or mutation by POST with a body of JSON. This is
 * narrow on purpose: tRPC's own adapter answers whatever is odd in any way.
 *
 * @param query What follows the path in the target, as it was sent.
 * @returns Where its input is; `undefined` if it is not plain.
 */
export function recognise(
  request: IncomingMessage,
  kind: ProcedureKind,
  query: string,
): InputSource | undefined {
  const { 'content-type': contentType, accept, 'trpc-accept': trpcAccept } = request.headers;
  if (trpcAccept !== undefined || accept?.includes('application/jsonl')) return undefined;
  // Without chunks, HTTP/1.0 keeps a connection only where the length is known: there the two would differ.
  if (request.httpVersion !== '1.1') return undefined;
  if (request.method === 'POST') {
    return query === '' && isJson(contentType) ? inBody : undefined;
  }
  if (request.method !== 'GET' || kind !== 'query') return undefined;
  if (contentType !== undefined && !isJson(contentType)) return undefined;
  if (query === '') return none;
  const text = query.startsWith(inputPrefix) ? decode(query.slice(inputPrefix.length)) : undefined;
  return text === undefined ? undefined : { in: 'url', text };
}

function isJson(contentType: string | undefined): boolean {
  return contentType === 'application/json' || contentType?.startsWith('application/json;') === true;
}

/** Reads what `encodeURIComponent` writes; a form's `+`, a second parameter, a fragment and bad escapes are not plain. */
function decode(text: string): string | undefined {
  if (/[+&#]/.test(text)) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Reads the input of a plain call; none at all is `undefined`.
 *
 * @throws TRPCError BAD_REQUEST, in tRPC's words, for what is no JSON; else as `parseBoundedJson` and `readBody`.
 */
export async function readInput(request: IncomingMessage, source: InputSource): Promise<unknown> {
  const text = source.in === 'url' ? source.text : await readBody(request);
  if (text === '') return undefined;
  try {
    return parseBoundedJson(text);
  } catch (cause) {
    if (cause instanceof MeshError) throw cause;
    throw new TRPCError({ code: 'BAD_REQUEST', cause });
  }
}
