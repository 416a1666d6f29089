import type { RawRequest } from './raw-exchange.ts';

/** An HTTP request. */
export interface Draft {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with `content-length` unless the headers have a framing. */
  readonly body?: string | Buffer | undefined;
  readonly version?: string;
}

/** Serialises a request; its head is Latin-1. */
export function bytesOf({ method = 'GET', target, headers = {}, body, version = '1.1' }: Draft): Buffer {
  const framed = Object.keys(headers).some((name) => /^(content-length|transfer-encoding)$/i.test(name));
  const all = {
    ...(!('host' in headers) && { host: 'sample' }),
    ...headers,
    ...(body !== undefined && !framed && { 'content-length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${target} HTTP/${version}\r\n${lines.join('')}\r\n`, 'latin1');
  return Buffer.concat([head, Buffer.from(body ?? '')]);
}

export function single(draft: Draft, after: RawRequest['after'] = 'next'): RawRequest {
  const { method = 'GET', target, headers = {}, body, version = '' } = draft;
  const shown = [method, target, version, JSON.stringify(headers), body?.toString('utf8') ?? ''].join(' ');
  return { what: shown.length > 300 ? `${shown.slice(0, 300)}…` : shown, pieces: [bytesOf(draft)], after };
}

export function posted(
  path: string,
  body: string | Buffer | undefined,
  headers: Readonly<Record<string, string>> = {},
): Draft {
  return {
    method: 'POST',
    target: `/trpc/${path}`,
    headers: { 'content-type': 'application/json', ...headers },
    body,
  };
}

/** A body in chunks of `size` characters. */
export function chunked(body: string, size: number): string {
  const chunks: string[] = [];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.slice(at, at + size);
    chunks.push(`${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`);
  }
  return `${chunks.join('')}0\r\n\r\n`;
}
