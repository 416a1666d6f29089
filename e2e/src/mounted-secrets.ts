import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A volume with secrets, as the kubelet keeps it: a link to the newest version is replaced atomically. */
export class MountedSecrets implements AsyncDisposable {
  readonly #folder: string;
  #values: Readonly<Record<string, string>>;
  #version = 0;

  private constructor(folder: string, values: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#values = values;
  }

  static async mount(values: Readonly<Record<string, string>>): Promise<MountedSecrets> {
    const mounted = new MountedSecrets(await mkdtemp(join(tmpdir(), 'arcadium-secrets-')), values);
    await mounted.set({});
    for (const name of Object.keys(values)) await symlink(join('..data', name), join(mounted.#folder, name));
    return mounted;
  }

  /** The settings `<NAME>_FILE`. */
  get settings(): Record<string, string> {
    const paths = Object.keys(this.#values).map((name) => [`${name}_FILE`, join(this.#folder, name)]);
    return Object.fromEntries(paths) as Record<string, string>;
  }

  get(name: string): string {
    return this.#values[name] ?? '';
  }

  /** Replaces values, all at the same moment. */
  async set(changed: Readonly<Record<string, string>>): Promise<void> {
    this.#values = { ...this.#values, ...changed };
    this.#version += 1;
    const [data, next] = [`..${this.#version}`, join(this.#folder, '..next')];
    await mkdir(join(this.#folder, data));
    for (const [name, value] of Object.entries(this.#values)) {
      const path = join(this.#folder, data, name);
      await writeFile(path, `${value}\n`);
      await chmod(path, 0o600);
    }
    await symlink(data, next);
    await rename(next, join(this.#folder, '..data'));
    await rm(join(this.#folder, `..${this.#version - 1}`), { recursive: true, force: true });
  }

  /** Replaces one as the agents of Vault and OpenBao do: a finished file is renamed over the old one. */
  async rename(name: string, value: string): Promise<void> {
    this.#values = { ...this.#values, [name]: value };
    const path = join(this.#folder, name);
    await writeFile(`${path}.new`, `${value}\n`, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
