import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { describeError, type Logger } from '../telemetry/index.ts';

/** Interval of checks, in milliseconds. */
const checkEveryMs = 1000;

/** Pause between two looks at a new content, in milliseconds: a file that is being written differs between them. */
const settleMs = 50;

export interface SettingFileOptions<Value> {
  /** The setting, for example `ENCRYPTION_KEY`. */
  setting: string;
  /** Path of the file that it was read from; `undefined` if it came from a variable: then nothing is followed. */
  file: string | undefined;
  /** The schema of the setting. */
  schema: z.ZodType<Value>;
  /** The value in force: the one that the process started with. */
  value: Value;
  /**
   * Puts a new value in force. If it rejects, the old value stays in force, and the new one is tried again at the next
   * check.
   */
  use: (value: Value) => void | Promise<void>;
  log: Pick<Logger, 'info' | 'warn'>;
  /** Interval of checks, in milliseconds. @default 1000 */
  everyMs?: number;
}

/**
 * Follows the file of a setting while the process runs. The content is read again every second, so it does not matter how
 * the file is replaced: written in place, renamed, or behind a symbolic link, as Kubernetes mounts secrets. A value that
 * cannot be used is logged once, and the one in force stays.
 *
 * @example
 * const config = readServiceConfig({ API_KEY: secret, API_KEY_FILE: secretFile }, import.meta.dirname);
 * let key = config.API_KEY;
 * const file = new SettingFile({
 *   setting: 'API_KEY',
 *   file: config.API_KEY_FILE,
 *   schema: secret,
 *   value: key,
 *   use: (changed) => {
 *     key = changed;
 *   },
 *   log,
 * });
 * file.start();
 * file.stop();
 */
export class SettingFile<Value> {
  readonly #options: SettingFileOptions<Value>;
  #value: Value;
  /** Why the content was last found unusable; logged once. */
  #problem: string | undefined;
  #checking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SettingFileOptions<Value>) {
    this.#options = options;
    this.#value = options.value;
  }

  /** Whether there is a file, and it is checked. */
  get follows(): boolean {
    return this.#timer !== undefined;
  }

  /** Checks now, and from now on. */
  start(): void {
    const { file, everyMs = checkEveryMs } = this.#options;
    if (file === undefined || this.#timer) return;
    this.#timer = setInterval(() => void this.check(), everyMs).unref();
    void this.check();
  }

  /** Stops checking, after a check in progress. May be called several times. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#checking;
  }

  /** Checks now, or joins the check in progress. Never rejects. */
  check(): Promise<void> {
    return (this.#checking ??= this.#check().finally(() => (this.#checking = undefined)));
  }

  async #check(): Promise<void> {
    const { setting, file, use, log } = this.#options;
    if (file === undefined) return;
    try {
      const value = await this.#read(file);
      if (!isDeepStrictEqual(value, this.#value)) {
        await use(value);
        this.#value = value;
        log.info({ setting, file }, 'the file of a setting has changed: its new value is in force');
      } else if (this.#problem !== undefined) {
        log.info({ setting, file }, 'the file of a setting holds the value in force again');
      }
      this.#problem = undefined;
    } catch (error) {
      const reason = describeError(error);
      if (this.#problem === reason) return;
      this.#problem = reason;
      log.warn({ setting, file, reason }, 'the file of a setting cannot be used; the value in force stays');
    }
  }

  /** @throws Error with the reason, never with the content, which may be a secret. */
  async #read(file: string): Promise<Value> {
    let text = await readText(file);
    for (;;) {
      const parsed = this.#options.schema.safeParse(text);
      if (parsed.success && isDeepStrictEqual(parsed.data, this.#value)) return parsed.data;
      await delay(settleMs, undefined, { ref: false });
      const again = await readText(file);
      if (again !== text) text = again;
      else if (parsed.success) return parsed.data;
      else
        throw new Error(text === '' ? 'it is empty' : (parsed.error.issues[0]?.message ?? 'it is invalid'));
    }
  }
}

async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`it cannot be read (${code ?? String(error)})`, { cause: error });
  }
}
