import { Socket } from 'node:net';

import { Client } from 'pg';

/**
 * Announces something on a channel, over a connection made for that.
 *
 * @param limits When it is given up: after `timeoutMs`, or when the signal fires.
 * @returns Whether it could be sent; a server that is full or away is no reason to call a listener deaf.
 */
export async function sendProbe(
  url: string,
  channel: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<boolean> {
  const socket = new Socket();
  const giveUp = () => socket.destroy();
  signal.addEventListener('abort', giveUp);
  const client = new Client({
    connectionString: url,
    application_name: 'arcadium probe',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    stream: () => socket,
  });
  client.on('error', () => {}); // the query under way reports it
  try {
    await client.connect();
    await client.query("SELECT pg_notify($1, '')", [channel]);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
    signal.removeEventListener('abort', giveUp);
  }
}
