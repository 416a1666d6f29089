import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** A file of `NAME=value` lines, which need not exist. Values must not contain a single quote. */
export class EnvFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get(name: string): string | undefined {
    return parseEnv(this.#text())[name] || undefined;
  }

  /** Sets a value; all other lines stay as they are. */
  set(name: string, value: string): void {
    const line = `${name}='${value}'`;
    const text = this.#text();
    const changed = text.replace(new RegExp(`^${name}=.*$`, 'm'), () => line);
    const next = this.get(name) === undefined ? `${text}${line}\n` : changed;
    // Only the owner reads it: it may contain secrets.
    writeFileSync(this.#path, next, { mode: 0o600 });
  }

  /** Sets a value unless there is one. @returns The value in force. */
  add(name: string, value: string): string {
    if (this.get(name) === undefined) this.set(name, value);
    return this.get(name) ?? value;
  }

  #text(): string {
    return existsSync(this.#path) ? readFileSync(this.#path, 'utf8') : '';
  }
}
