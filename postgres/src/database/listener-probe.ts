import { Socket } from 'node:net';

import { DatabaseClient } from './client.ts';

/**
 * Sends a notification on a channel over a new connection.
 *
 * @param limits Ends after `timeoutMs`, or when the signal fires.
 * @returns Whether it was sent. A server that is full or down says nothing about the listener.
 */
export async function sendProbe(
  url: string,
  channel: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<boolean> {
  const socket = new Socket();
  const giveUp = () => socket.destroy();
  signal.addEventListener('abort', giveUp);
  const client = new DatabaseClient({
    connectionString: url,
    application_name: 'arcadium probe',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    stream: () => socket,
  });
  client.on('error', () => {}); // the running query reports it
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
