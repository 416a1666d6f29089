import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@arcadium/mesh/telemetry';
import pg from 'pg';
import { backoffMs } from '../domain/backoff.ts';

/** Hears what PostgreSQL announces on a channel. */
export interface ChannelListener {
  /** Ends the connection and leaves no timer behind. */
  stop(): Promise<void>;
}

const connectTimeoutMs = 5000;
const reconnect = { baseMs: 500, maxMs: 15_000 };

/**
 * Listens on a channel with a connection of its own, which it makes again
 * whenever it is lost: a pool's connections come and go, and what is announced
 * to one that has gone is heard by nobody.
 *
 * @param options.onAnnouncement Also called after each connection, since something may have been missed before it.
 */
export function listenTo(options: {
  databaseUrl: string;
  channel: string;
  onAnnouncement: () => void;
  log: Pick<Logger, 'warn'>;
}): ChannelListener {
  const stopping = new AbortController();
  const { signal } = stopping;

  const run = async () => {
    for (let failures = 0; !signal.aborted; failures += 1) {
      const startedAt = performance.now();
      const problem = await listenOnce(options, signal);
      if (signal.aborted) return;
      // What held for a while was a good connection, so the count begins again.
      if (performance.now() - startedAt > reconnect.maxMs) failures = 0;
      if (failures === 0)
        options.log.warn(
          { channel: options.channel, err: problem },
          'not listening, polling until it works again',
        );
      await delay(backoffMs(failures + 1, Math.random(), reconnect), undefined, { signal }).catch(() => {});
    }
  };
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Listens until the connection is lost or the signal fires. Answers with what went wrong. */
async function listenOnce(
  { databaseUrl, channel, onAnnouncement }: Parameters<typeof listenTo>[0],
  signal: AbortSignal,
): Promise<unknown> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: connectTimeoutMs,
    // A dead peer is noticed by its silence: nothing is ever asked on this connection.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  const over = Promise.withResolvers<unknown>();
  client.on('error', over.resolve);
  client.on('end', () => over.resolve(new Error('connection ended')));
  client.on('notification', onAnnouncement);
  const stop = () => over.resolve(undefined);
  signal.addEventListener('abort', stop);
  try {
    client
      .connect()
      .then(() => client.query(`LISTEN ${pg.escapeIdentifier(channel)}`))
      .then(onAnnouncement)
      .catch(over.resolve);
    return await over.promise;
  } finally {
    signal.removeEventListener('abort', stop);
    await client.end().catch(() => {});
  }
}
