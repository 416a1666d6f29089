import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseEnv } from 'node:util';

/** A setting to write where it is missing: its line of explanation, name and value. */
export type Setting = Readonly<{ name: string; value: string; comment: string }>;

/** One `.env` file, only ever added to. */
export interface EnvFile {
  readonly path: string;
  /** The value in the file, unless it is missing or empty. */
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
  const get = (name: string): string | undefined => parseEnv(text)[name] || undefined;

  const write = (name: string, line: string): void => {
    const assignment = new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=.*$`, 'm');
    // A function, because `$` in a value must not be taken for a reference.
    if (assignment.test(text)) text = text.replace(assignment, () => line);
    else text = `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
    changed.push(name);
  };

  return {
    path,
    get,
    add({ name, value, comment }) {
      if (get(name) === undefined) write(name, `# ${comment}\n${name}='${value}'`);
    },
    replace(name, value) {
      write(name, `${name}='${value}'`);
    },
    save() {
      if (changed.length > 0) {
        mkdirSync(dirname(path), { recursive: true });
        const draft = `${path}.${process.pid}.tmp`;
        writeFileSync(draft, text, { mode: 0o600 });
        renameSync(draft, path);
      } else if (existsSync(path)) {
        chmodSync(path, 0o600);
      }
      return changed;
    },
  };
}
