import { postgresUrls } from '@arcadium/mesh/config';
import { describeError } from '@arcadium/mesh/telemetry';
import { Client, type ClientConfig } from 'pg';

/** Where a server is. */
export interface Server {
  readonly host: string;
  readonly port: number;
}

/** Longest wait for a server to say whether it takes writes, in milliseconds. */
const answerMs = 1_000;

/**
 * None of several servers takes writes, which is normal for the seconds of a failover. The code is PostgreSQL's
 * for a connection that could not be established.
 */
export class NoPrimaryError extends Error {
  override readonly name = 'NoPrimaryError';
  readonly code = '08001';
  /** Why not, one for each server. */
  readonly errors: readonly unknown[];

  constructor(servers: readonly Server[], errors: readonly unknown[]) {
    const each = servers.map(({ host, port }, index) => `${host}:${port} (${describeError(errors[index])})`);
    super(`no PostgreSQL server takes writes: ${each.join(', ')}`);
    this.errors = errors;
  }
}

/** A connection that ends when another server becomes the primary. */
interface Session {
  readonly server: Server;
  end(reason: Error): void;
}

/**
 * The one of several servers that takes writes. All connections of the process to these servers share it: one
 * of them looks for the primary, and when that has moved, connections to the former one are closed, also those
 * that hang.
 */
export class Primary {
  readonly #servers: readonly Server[];
  readonly #sessions = new Set<Session>();
  #last: Server | undefined;
  #found: Promise<Server> | undefined;

  constructor(urls: readonly string[]) {
    this.#servers = urls.map((url) => {
      const { hostname, port } = new URL(url);
      return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 5432) };
    });
  }

  /**
   * The primary: the last one found, or the first of all servers that says that it takes writes.
   *
   * @param config How to connect, without host and port.
   * @throws NoPrimaryError
   */
  find(config: ClientConfig): Promise<Server> {
    this.#found ??= this.#ask(config);
    const found = this.#found;
    found.catch(() => this.#forget(found));
    return found;
  }

  /** Reports that the last one found does not answer, or takes no writes: the next connection asks all again. */
  doubt(server: Server | undefined = this.#last): void {
    if (server === this.#last) this.#forget(this.#found);
  }

  /** Adds a connection. @returns What removes it. */
  add(session: Session): () => void {
    this.#sessions.add(session);
    return () => this.#sessions.delete(session);
  }

  #forget(found: Promise<Server> | undefined): void {
    if (this.#found === found) this.#found = undefined;
  }

  async #ask(config: ClientConfig): Promise<Server> {
    // At once, so that a server that is silent costs no time.
    const asked = this.#servers.map((server) => requirePrimary(server, config));
    const found = await Promise.any(asked).catch(({ errors }: AggregateError) => {
      throw new NoPrimaryError(this.#servers, errors);
    });
    if (this.#last !== undefined && this.#last !== found) this.#leave(found);
    this.#last = found;
    return found;
  }

  #leave(found: Server): void {
    const reason = new Error(`Connection terminated: the primary is ${found.host}:${found.port} now`);
    for (const session of this.#sessions) if (session.server !== found) session.end(reason);
  }
}

/** Those of this process, by the servers' addresses. */
const known = new Map<string, Primary>();

/** The primary of the servers of a URL; `undefined` for a URL with one server. */
export function primaryOf(url: string): Primary | undefined {
  const urls = postgresUrls(url);
  if (urls.length === 1) return undefined;
  const key = urls.map((one) => new URL(one).host).join();
  const primary = known.get(key) ?? new Primary(urls);
  known.set(key, primary);
  return primary;
}

async function requirePrimary(server: Server, config: ClientConfig): Promise<Server> {
  const limits = { connectionTimeoutMillis: answerMs, query_timeout: answerMs };
  const client = new Client({ ...config, ...limits });
  client.on('error', () => {}); // the running query reports it
  Object.assign(client, server);
  try {
    await client.connect();
    if (await isReadOnly(client)) throw new Error('is read-only');
    return server;
  } finally {
    // Without waiting: only the answer matters.
    client.end().catch(() => {});
  }
}

/** Whether sessions of a server only read: it is a standby, or set so. */
export async function isReadOnly(asked: Pick<Client, 'query'>): Promise<boolean> {
  const { rows } = await asked.query<{ value: string }>(
    `SELECT current_setting('transaction_read_only') AS value`,
  );
  return rows[0]?.value === 'on';
}
