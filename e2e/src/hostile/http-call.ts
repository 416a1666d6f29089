import type { ServiceName } from '../mesh.ts';
import type { HostileRequest } from './exchange.ts';

/** Real credentials and ids for hostile requests, so that they get past authentication. */
export interface Holdings {
  readonly user: string;
  readonly admin: string;
  readonly service: string;
  readonly pageId: string;
  readonly commentId: string;
  readonly userId: string;
}

/** A call of a procedure that is well-formed HTTP. */
export interface HttpCall {
  readonly service: ServiceName;
  readonly what: string;
  /** @default 'GET' */
  readonly method?: string;
  /** After `/trpc/`, exactly as sent. */
  readonly target: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect?: NonNullable<HostileRequest['expect']>;
}

/** A call without its service. */
export type OddCall = Omit<HttpCall, 'service'>;

export function httpCall({ method = 'GET', body, headers = {}, ...call }: HttpCall): HostileRequest {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const fields = { host: call.service, connection: 'close', ...type, ...headers };
  const length = body === undefined ? [] : [`content-length: ${Buffer.byteLength(body)}`];
  const lines = [
    `${method} /trpc/${call.target} HTTP/1.1`,
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
    ...length,
    '',
    '',
  ];
  return {
    service: call.service,
    what: `${method} ${call.target.slice(0, 40)}: ${call.what}`,
    // One piece: the head as Latin-1 bytes, then the body.
    pieces: [Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), Buffer.from(body ?? '')])],
    ...(call.expect && { expect: call.expect }),
  };
}
