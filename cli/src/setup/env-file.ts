import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseEnv } from 'node:util';

/** Permissions of a file with secrets: readable and writable only by its owner. */
export const secretMode = 0o600;

/** Whether others than the owner may read a file, or write to it. */
export function isOpenToOthers(mode: number): boolean {
  return (mode & 0o077) !== 0;
}

/** A setting to add if it is missing, with a comment. */
export type Setting = Readonly<{ name: string; value: string; comment: string }>;

/** One `.env` file. Settings are only added. */
export interface EnvFile {
  readonly path: string;
  /**
   * The value in the file, or in the file that `<NAME>_FILE` names; `undefined` if it is missing or empty.
   */
  get(name: string): string | undefined;
  /** Adds a setting, unless it is already there. */
  add(setting: Setting): void;
  /** Replaces a value that is no longer useful. */
  replace(name: string, value: string): void;
  /** Writes the added settings atomically, readable only by the owner. @returns Their names. */
  save(): string[];
}

/** Opens a settings file, which need not exist. */
export function openEnvFile(path: string): EnvFile {
  let text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const changed: string[] = [];
  const get = (name: string): string | undefined => {
    const settings = parseEnv(text);
    const file = settings[`${name}_FILE`];
    return settings[name] || (file ? readFileSync(file, 'utf8').trim() : undefined) || undefined;
  };

  const write = (name: string, value: string, comment?: string): void => {
    if (/['\r\n]/.test(value)) throw new Error(`${path}: the value of ${name} cannot be written in one line`);
    const assignment = new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`);
    const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
    // If a name occurs several times, the last one counts.
    const present = lines.findLastIndex((line) => assignment.test(line));
    if (present !== -1) lines[present] = `${name}='${value}'`;
    else lines.push(...(comment === undefined ? [] : [`# ${comment}`]), `${name}='${value}'`);
    text = `${lines.join('\n')}\n`;
    changed.push(name);
  };

  return {
    path,
    get,
    add({ name, value, comment }) {
      if (get(name) === undefined) write(name, value, comment);
    },
    replace(name, value) {
      write(name, value);
    },
    save() {
      if (changed.length > 0) {
        mkdirSync(dirname(path), { recursive: true });
        const draft = `${path}.${process.pid}.tmp`;
        writeFileSync(draft, text, { mode: secretMode });
        renameSync(draft, path);
      } else if (existsSync(path) && (statSync(path).mode & 0o777) !== secretMode) {
        chmodSync(path, secretMode);
      }
      return changed;
    },
  };
}
