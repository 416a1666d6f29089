import { readFileSync } from 'node:fs';
import { ConfigError } from '../../config/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { readTokenFacts, type TokenFacts } from './token-facts.ts';
import { writeSecretFile } from './secret-file.ts';

/** A token that cannot replace the one in force. */
export class UnfitTokenError extends Error {
  override readonly name = 'UnfitTokenError';
}

/**
 * Opens the token of this service.
 *
 * @param options.file The file it was read from, if any: its successors are written there.
 * @throws ConfigError if it is not a service token.
 *
 * @example
 * const serviceToken = openServiceToken({ token, file: '/run/secrets/service-token', log });
 */
export function openServiceToken(options: {
  token: string;
  file?: string | undefined;
  log: Logger;
}): ServiceToken {
  const facts = readTokenFacts(options.token);
  if (!facts) throw new ConfigError(['SERVICE_TOKEN: is not a service token']);
  return new ServiceToken(facts, options);
}

/** The token with which this process authenticates as its service, and its file. Made by {@link openServiceToken}. */
export class ServiceToken {
  readonly #file: string | undefined;
  readonly #log: Logger;
  #facts: TokenFacts;
  #stored: TokenFacts;
  /** Why the token in the file was last ignored; logged once. */
  #ignored: string | undefined;
  /** Why the token in force is not in the file. */
  #unwritten: string | undefined;
  /** Whether it was logged that the token is in memory only. */
  #told = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(facts: TokenFacts, { file, log }: { file?: string | undefined; log: Logger }) {
    this.#facts = facts;
    this.#stored = facts;
    this.#file = file;
    this.#log = log;
  }

  /** The token in force. `connect` takes `token: () => holder.current`, and opens a new WebSocket when it changes. */
  get current(): string {
    return this.#facts.token;
  }

  /** The claims of the token in force. */
  get facts(): TokenFacts {
    return this.#facts;
  }

  /** The claims of the token that this process would start with now. */
  get stored(): TokenFacts {
    return this.#stored;
  }

  /** Whether it is kept in a file, where other processes of this service find it. */
  get inFile(): boolean {
    return this.#file !== undefined;
  }

  /**
   * Puts another token in force, and then writes it to the file, if there is one. A file that cannot be written is
   * logged, and tried again by each `reread`.
   *
   * @throws UnfitTokenError if it is not a service token, is that of another service, or expires no later than the one in force.
   */
  async replace(next: string): Promise<void> {
    const facts = readTokenFacts(next);
    if (!facts) throw new UnfitTokenError('it is not a service token');
    if (!isSameService(facts, this.#facts)) throw new UnfitTokenError('it is the token of another service');
    if (facts.expiresAt <= this.#facts.expiresAt)
      throw new UnfitTokenError('it expires no later than the one in force');
    this.#facts = facts;
    if (this.#file === undefined) this.#tellOfMemory();
    else await this.#keep(this.#file);
  }

  /**
   * Reads the file. A token in it that another process has written, and that expires later, is put in force.
   *
   * @returns Whether there was one.
   */
  async reread(): Promise<boolean> {
    if (this.#file === undefined) return false;
    const adopted = this.#adopt(this.#file);
    if (this.#unwritten !== undefined) await this.#keep(this.#file);
    return adopted;
  }

  /** @returns Whether the file held a better token, which is now in force. */
  #adopt(file: string): boolean {
    const found = readToken(file);
    if (typeof found === 'string') this.#ignore(file, found);
    else if (!isSameService(found, this.#facts)) this.#ignore(file, 'it is the token of another service');
    else {
      const known = found.token === this.#stored.token;
      this.#stored = found;
      if (found.expiresAt > this.#facts.expiresAt) {
        this.#facts = found;
        return true;
      }
      if (found.token === this.#facts.token) this.#ignored = undefined;
      else if (!known) this.#ignore(file, 'it expires no later than the one in force');
    }
    return false;
  }

  #ignore(file: string, reason: string): void {
    if (this.#ignored === reason) return;
    this.#ignored = reason;
    this.#log.warn({ file, reason }, 'the token in the file is ignored; the one in force stays');
  }

  /** Writes in order, so that the newest token is written last. */
  #keep(file: string): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(file));
    return this.#writing;
  }

  async #write(file: string): Promise<void> {
    // Another process may have written this token or a newer one.
    this.#adopt(file);
    const facts = this.#facts;
    try {
      if (this.#stored.token !== facts.token) {
        const found = readToken(file);
        // Two services configured with one file by mistake must not overwrite each other's token.
        if (typeof found !== 'string' && !isSameService(found, facts))
          throw new Error('it holds the token of another service');
        await writeSecretFile(file, `${facts.token}\n`);
        this.#stored = facts;
        this.#ignored = undefined;
      }
      this.#unwritten = undefined;
    } catch (error) {
      this.#tellUnwritten(file, codeOf(error));
    }
  }

  #tellUnwritten(file: string, reason: string): void {
    if (this.#unwritten === reason) return;
    this.#unwritten = reason;
    this.#log.warn(
      { file, reason, restart_good_until: new Date(this.#stored.expiresAt).toISOString() },
      'the new token could not be written to its file and is in memory only: a restart uses the old one, while that is valid',
    );
  }

  #tellOfMemory(): void {
    if (this.#told) return;
    this.#told = true;
    this.#log.info(
      { restart_good_until: new Date(this.#stored.expiresAt).toISOString() },
      'the new token is in memory only, because the old one came from a variable: a restart uses the old one, while that is valid. To keep new tokens, set SERVICE_TOKEN_FILE',
    );
  }
}

/** @returns The token in a file, or why it cannot be used. */
function readToken(file: string): TokenFacts | string {
  try {
    return readTokenFacts(readFileSync(file, 'utf8').trim()) ?? 'it is not a service token';
  } catch (error) {
    return `it cannot be read (${codeOf(error)})`;
  }
}

function isSameService(one: TokenFacts, other: TokenFacts): boolean {
  return one.serviceId === other.serviceId && one.service === other.service;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
}
