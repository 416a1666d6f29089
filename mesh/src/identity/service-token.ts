import { readFileSync } from 'node:fs';
import { ConfigError } from '../config/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { readTokenFacts, type TokenFacts } from './token-facts.ts';
import { writeSecretFile } from './secret-file.ts';

/** A token that cannot follow the one in force. */
export class UnfitTokenError extends Error {
  override readonly name = 'UnfitTokenError';
}

/** The token that this process proves its service with, and where it is kept. */
export interface ServiceToken {
  /** The token in force. `connect` takes `token: () => holder.current`, and opens another WebSocket when it changes. */
  readonly current: string;
  /** What it says. */
  readonly facts: TokenFacts;
  /** What the token says that this process would begin with if it started now. */
  readonly stored: TokenFacts;
  /** Whether it is kept in a file, where other processes of this service find it. */
  readonly inFile: boolean;
  /**
   * Puts another token in force, at once, and then keeps it in the file, if
   * there is one. A file that cannot be written is said in the log, and tried
   * again with each `reread`.
   *
   * @throws UnfitTokenError if it is no service token, of another service, or expires no later than the one in force.
   */
  replace(next: string): Promise<void>;
  /**
   * Looks into the file for a token that another process has put there; one
   * that expires later than the one in force takes its place.
   *
   * @returns Whether there was one.
   */
  reread(): Promise<boolean>;
}

/**
 * Opens the token of this service.
 *
 * @param options.file Where it was read from, if it was a file: its successors are kept there.
 * @throws ConfigError if it is no service token.
 */
export function openServiceToken(options: {
  token: string;
  file?: string | undefined;
  log: Logger;
}): ServiceToken {
  const facts = readTokenFacts(options.token);
  if (!facts) throw new ConfigError(['SERVICE_TOKEN: is not a service token']);
  return new HeldToken(facts, options);
}

class HeldToken implements ServiceToken {
  readonly #file: string | undefined;
  readonly #log: Logger;
  #facts: TokenFacts;
  #stored: TokenFacts;
  /** What of the file was last ignored, and why: said once. */
  #ignored: string | undefined;
  /** Why the one in force could not be written. */
  #unwritten: string | undefined;
  /** Whether it is told already that a token in memory is lost at the end. */
  #told = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(facts: TokenFacts, { file, log }: { file?: string | undefined; log: Logger }) {
    this.#facts = facts;
    this.#stored = facts;
    this.#file = file;
    this.#log = log;
  }

  get current(): string {
    return this.#facts.token;
  }

  get facts(): TokenFacts {
    return this.#facts;
  }

  get stored(): TokenFacts {
    return this.#stored;
  }

  get inFile(): boolean {
    return this.#file !== undefined;
  }

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

  /** One after the other: whoever writes last has the newest. */
  #keep(file: string): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(file));
    return this.#writing;
  }

  async #write(file: string): Promise<void> {
    // Another process may have been quicker, with this one or a better one.
    this.#adopt(file);
    const facts = this.#facts;
    try {
      if (this.#stored.token !== facts.token) {
        const found = readToken(file);
        // Two services that were given one file by mistake must not rob each other.
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

/** @returns The token in a file, or why there is none. */
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
