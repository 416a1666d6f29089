import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseEnv } from 'node:util';

/** A setting to write where it is missing: its line of explanation, name and value. */
export type Setting = Readonly<{ name: string; value: string; comment: string }>;

/** One `.env` file, only ever added to. */
export interface EnvFile {
  readonly path: string;
  /** The value in the file, or in the one that `<NAME>_FILE` there names, unless it is missing or empty. */
  get(name: string): string | undefined;
  /** Adds a setting that is missing; one that is there stays as it is. */
  add(setting: Setting): void;
  /** Puts another value in the place of one that has become useless. */
  replace(name: string, value: string): void;
  /** Writes what was added, all or nothing, readable by its owner alone; answers with the names. */
  save(): string[];
}

/** Opens a file of settings, which need not exist yet. */
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
    // Of several, the last is the one that counts.
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
        writeFileSync(draft, text, { mode: 0o600 });
        renameSync(draft, path);
      } else if (existsSync(path) && (statSync(path).mode & 0o777) !== 0o600) {
        chmodSync(path, 0o600);
      }
      return changed;
    },
  };
}
