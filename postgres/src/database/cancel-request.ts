import { Connection, type PoolClient } from 'pg';

/** Longest time for a request, in milliseconds. */
const timeoutMs = 2_000;

/** Members of pg's client that its types lack. */
type Backend = Pick<PoolClient, 'host' | 'port'> & {
  readonly processID: number;
  readonly secretKey: number;
  readonly ssl: boolean | object;
};
type CancelConnection = Connection & {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
};

/**
 * Asks the server to cancel a session's statement, over a separate connection outside of the pool. A session
 * without a statement is not affected.
 *
 * @returns Whether the server has handled it, which it shows by closing the connection: later statements of
 * the session are then safe. `false` if that is not known.
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export async function requestCancel(client: PoolClient): Promise<boolean> {
  const { host, port, ssl, processID, secretKey } = client as unknown as Backend;
  const connection = new Connection({ ssl }) as CancelConnection;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), timeoutMs);
  let sent = false;
  const send = (): void => {
    connection.cancel(processID, secretKey);
    sent = true;
  };
  connection.on('error', () => resolve(false));
  connection.once('end', () => resolve(sent));
  connection.once('sslconnect', send);
  connection.once('connect', () => (ssl ? connection.requestSsl() : send()));
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
  else connection.connect(port, host);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    connection.stream.destroy();
  }
}
