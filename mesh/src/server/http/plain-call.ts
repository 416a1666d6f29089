import type { IncomingMessage } from 'node:http';
import { TRPCError } from '@trpc/server';
import type { ProcedureKind } from '../../contract/index.ts';
import type { WireFormat } from '../call/wire-format.ts';
import { parseBoundedJson } from './bounded-json.ts';
import { readBody } from './request-body.ts';
import { MeshError } from '../../wire/index.ts';

/** Where the input of a plain call is: in its body, or in its URL, as this text. */
export type InputSource = { readonly in: 'body' } | { readonly in: 'url'; readonly text: string };

const inBody: InputSource = { in: 'body' };
const none: InputSource = { in: 'url', text: '' };
const inputPrefix = '?input=';

/**
 * Recognises a plain call: one query by GET, or one query or mutation by POST with JSON. Narrow on purpose: tRPC's
 * adapter answers everything unusual.
 *
 * @param query The target after the path, not decoded.
 * @returns Where its input is; `undefined` if it is not a plain call.
 */
export function recognise(
  request: IncomingMessage,
  kind: ProcedureKind,
  query: string,
): InputSource | undefined {
  const { 'content-type': contentType, accept, 'trpc-accept': trpcAccept } = request.headers;
  if (trpcAccept !== undefined || accept?.includes('application/jsonl')) return undefined;
  // With HTTP/1.0, the adapter's answer, which has no length, would close the connection, and this one would not.
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

/** Decodes the output of `encodeURIComponent`; not a form's `+`, a second parameter, a fragment or an invalid escape. */
function decode(text: string): string | undefined {
  if (/[+&#]/.test(text)) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Reads the input of a plain call; `undefined` if it is empty.
 *
 * @param format Restores the input from JSON. @default it is JSON
 * @throws TRPCError BAD_REQUEST for invalid JSON, as tRPC does; errors of `parseBoundedJson` and `readBody`.
 */
export async function readInput(
  request: IncomingMessage,
  source: InputSource,
  format?: WireFormat,
): Promise<unknown> {
  const text = source.in === 'url' ? source.text : await readBody(request, format?.maxBodySize);
  if (text === '') return undefined;
  try {
    const json = parseBoundedJson(text);
    return format ? format.decode(json) : json;
  } catch (cause) {
    if (cause instanceof MeshError) throw cause;
    throw new TRPCError({ code: 'BAD_REQUEST', cause });
  }
}
