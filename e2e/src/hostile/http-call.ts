import type { ServiceName } from '../mesh.ts';
import type { HostileRequest } from './exchange.ts';

/** What the senders of hostile requests hold: real credentials, for what lies behind the door, and real ids. */
export interface Holdings {
  readonly user: string;
  readonly admin: string;
  readonly service: string;
  readonly pageId: string;
  readonly commentId: string;
  readonly userId: string;
}

/** One call to a procedure, at the level of HTTP: well-formed there, whatever it holds. */
export interface HttpCall {
  readonly service: ServiceName;
  readonly what: string;
  /** @default 'GET' */
  readonly method?: string;
  /** After `/trpc/`, as it is to stand on the wire. */
  readonly target: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect?: NonNullable<HostileRequest['expect']>;
}

/** The same but for the service that it goes to. */
export type OddCall = Omit<HttpCall, 'service'>;

/** Makes it a request. */
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
    // One piece: the head in the bytes that it holds, then the body.
    pieces: [Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), Buffer.from(body ?? '')])],
    ...(call.expect && { expect: call.expect }),
  };
}
