import type { Answer, Transport } from '../transports/transport.ts';
import type { Request } from '../request.ts';

/**
 * Sends calls over HTTP, because a page cannot send a token with the upgrade of a WebSocket. Instead of
 * transports/socket/socket-transport.ts.
 */
export class SocketTransport implements Transport {
  readonly #http: Transport;
  readonly leaving = false;

  constructor(http: Transport) {
    this.#http = http;
  }

  get url(): string {
    return this.#http.url;
  }

  send(request: Request): Promise<Answer> {
    return this.#http.send(request);
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}
