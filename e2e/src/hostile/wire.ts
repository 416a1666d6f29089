import type { HostileRequest } from './exchange.ts';

/** A case of a table: what is wrong, the bytes, and the expectation. */
export type WireCase = readonly [what: string, bytes: string | Buffer, rest?: Partial<HostileRequest>];

/** It must be refused. */
export const refusal: Partial<HostileRequest> = { expect: 'refusal' };

/** It may be incomplete, so its sender closes its half. */
export const ending: Partial<HostileRequest> = { after: 'end' };

/** The words of a table, literally. */
export function words(table: string): string[] {
  return table.split(/\s+/).filter((word) => word !== '');
}

/** A complete head with these lines. */
export function head(...lines: string[]): string {
  return [...lines, '', ''].join('\r\n');
}

/** A procedure that anyone may call, as a target. */
export const goodTarget = '/trpc/pages.list';

/** A GET that is valid except for its target and additions. */
export function get(target: string, ...headers: string[]): string {
  return head(`GET ${target} HTTP/1.1`, 'host: wiki', 'connection: close', ...headers);
}

/** The head of a POST that is valid except for additions. */
export function post(...headers: string[]): string {
  return head('POST /trpc/pages.create HTTP/1.1', 'host: wiki', 'content-type: application/json', ...headers);
}

/** A POST with these chunks. */
export function chunked(body: string): string {
  return post('transfer-encoding: chunked') + body;
}

/** Requests to the wiki from a table. */
export function toRequests(cases: readonly WireCase[]): HostileRequest[] {
  return cases.map(([what, bytes, rest]) =>
    Object.assign({ service: 'wiki', what, pieces: [bytes] } as const, rest),
  );
}
