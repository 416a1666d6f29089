import { callbackify } from 'node:util';

import { postgresUrls } from '@arcadium/mesh/config';
import { Client, type ClientConfig } from 'pg';

import { primaryOf, type Primary } from './primary.ts';

type Callback = (error: Error | null) => void;

/** Status parameters with which a server tells each session that it takes no writes. */
const readOnlyParameters = new Set(['in_hot_standby', 'default_transaction_read_only']);

/**
 * A connection to the server of a URL or, if that names several, to the one of them that takes writes. It ends
 * when another one does. Everything in this package connects with it; give it to a pool as `Client`.
 */
export class DatabaseClient extends Client {
  readonly #config: ClientConfig;
  readonly #primary: Primary | undefined;

  constructor(config: ClientConfig = {}) {
    const { connectionString: url } = config;
    const single = url === undefined ? config : { ...config, connectionString: postgresUrls(url)[0] };
    super(single);
    this.#config = single;
    this.#primary = url === undefined ? undefined : primaryOf(url);
  }

  override connect(): Promise<this>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<this> | undefined {
    const primary = this.#primary;
    if (!primary && callback) {
      super.connect(callback);
      return undefined;
    }
    const connected = (primary ? this.#connectTo(primary) : super.connect()).then(() => this);
    if (!callback) return connected;
    callbackify(() => connected)((error) => callback(error));
    return undefined;
  }

  async #connectTo(primary: Primary): Promise<void> {
    const { stream: _, ...config } = this.#config;
    const server = await primary.find(config);
    // The pool has given it up.
    if (this.connection.stream.destroyed) throw new Error('timeout expired');
    Object.assign(this, server);
    let readOnly = false;
    this.connection.on('parameterStatus', ({ parameterName, parameterValue }: StatusMessage) => {
      if (readOnlyParameters.has(parameterName)) readOnly ||= parameterValue === 'on';
    });
    const end = (reason: Error): void => void this.connection.stream.destroy(reason);
    this.once('end', primary.add({ server, end }));
    try {
      await super.connect();
    } catch (error) {
      primary.doubt(server);
      throw error;
    }
    if (!readOnly) return;
    primary.doubt(server);
    await this.end().catch(() => {});
    throw Object.assign(new Error(`${server.host}:${server.port} takes no writes any more`), {
      code: '08001',
    });
  }
}

interface StatusMessage {
  readonly parameterName: string;
  readonly parameterValue: string;
}
