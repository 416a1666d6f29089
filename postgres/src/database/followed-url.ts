import { setTimeout as delay } from 'node:timers/promises';

import { databaseFields, SettingFile } from '@arcadium/mesh/config';
import type { Logger } from '../logger.ts';
import { DatabaseClient } from './client.ts';
import { pooledConfig } from './session.ts';

/** Longest wait for a connection with new credentials, in milliseconds. */
const tryMs = 5_000;

/** After a refusal: how long other credentials are waited for, and how often they are looked for, in milliseconds. */
const refusal = { waitMs: 2_000, everyMs: 100 };

/** Options of {@link FollowedUrl}. */
export interface FollowedUrlOptions {
  url: string;
  /** The file that it was read from. @default none: it stays as it is */
  file: string | undefined;
  /** The setting, such as `DATABASE_URL`. */
  setting: string;
  /** The schema that the role must be able to use. */
  schema: string;
  log: Logger;
}

/**
 * The URL of a database, read again when its file changes: for another password, or another role. A new one is put in
 * force once a connection with it has succeeded, or the server has refused the old one. Until then the old one stays, so the file may be changed before the
 * password of the role.
 */
export class FollowedUrl {
  readonly #file: SettingFile<string>;
  #current: string;
  /** The last one that the server has refused. */
  #refused: string | undefined;

  constructor({ url, file, setting, schema, log }: FollowedUrlOptions) {
    this.#current = url;
    this.#file = new SettingFile({
      setting,
      file,
      schema: databaseFields.DATABASE_URL,
      value: url,
      use: async (next) => {
        // Nothing is lost where the one in force does not work either, and calls are waiting.
        if (this.#refused !== this.#current) await tryToConnect(next, schema);
        this.#current = next;
      },
      log,
    });
    this.#file.start();
  }

  /** The URL for new connections. */
  get current(): string {
    return this.#current;
  }

  /**
   * To be called when the server has refused the role or the password of a URL: looks for another one in the file.
   *
   * @returns Whether another one is in force, at most 2 s later.
   */
  async replaced(url: string): Promise<boolean> {
    if (this.#current === url) this.#refused = url;
    const until = performance.now() + refusal.waitMs;
    while (this.#current === url && this.#file.follows && performance.now() < until) {
      await this.#file.check();
      if (this.#current === url) await delay(refusal.everyMs, undefined, { ref: false });
    }
    return this.#current !== url;
  }

  /** Stops reading the file. */
  async close(): Promise<void> {
    await this.#file.stop();
  }
}

/** @throws the error of the connection; Error if the role has no access to the schema. */
async function tryToConnect(url: string, schema: string): Promise<void> {
  const client = new DatabaseClient({ ...pooledConfig(url, tryMs), query_timeout: tryMs });
  client.on('error', () => {}); // the running query reports it
  try {
    await client.connect();
    const { rows } = await client.query<{ usable: boolean }>(
      `SELECT has_schema_privilege(oid, 'USAGE') AS usable FROM pg_namespace WHERE nspname = $1`,
      [schema],
    );
    // Without the schema, the database is not provisioned yet.
    if (rows[0]?.usable === false)
      throw new Error(`its role may not use the schema ${schema}; provisioning grants that`);
  } finally {
    await client.end().catch(() => {});
  }
}
