import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { envFileName } from '@arcadium/mesh/config';
import { z } from 'zod';

const manifest = z.object({ name: z.string(), dependencies: z.record(z.string(), z.string()).default({}) });

/** Folders of the packages that services depend on. */
const shared = ['contracts', 'mesh', 'postgres', 'prisma'];

/** Which files of a repository affect which services. */
export class Sources {
  readonly #root: string;
  readonly #services: readonly string[];
  readonly #envFile = envFileName(process.env);

  constructor(root: string, services: readonly string[]) {
    this.#root = root;
    this.#services = services;
  }

  /**
   * Whether a path is a folder that contains such files, or may be such a file. The path is relative to the
   * repository, with slashes.
   */
  concerns(path: string): boolean {
    const [top = '', second, third] = path.split('/');
    if (/(^|\/)node_modules$|\.test(-d)?\.ts$|\.md$|~$|\.tmp$/.test(path)) return false;
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (name.startsWith('.')) return name === this.#envFile && (path === name || top === 'services');
    // The page of a service is built, and the service reads the build.
    if (top === 'services' && third === 'page') return false;
    if (top === 'services') return second === undefined || this.#services.includes(second);
    if (top === 'prisma' && second !== undefined && second !== 'src' && second !== 'package.json')
      return (
        this.#services.includes(second) &&
        (third === undefined || ['generated', 'migrations'].includes(third))
      );
    return shared.includes(top);
  }

  /** The services affected by a change of a file. */
  servicesOf(path: string): readonly string[] {
    const [top = '', second = ''] = path.split('/');
    if (path === this.#envFile) return this.#services;
    if (top === 'services' || (top === 'prisma' && this.#services.includes(second)))
      return this.#services.filter((service) => service === second);
    return this.#services.filter((service) => this.#folders(join('services', service)).has(top));
  }

  /** The shared folders that a package imports, directly or through another one. */
  #folders(folder: string, known = new Set<string>()): Set<string> {
    const { dependencies } = this.#manifest(folder);
    for (const other of shared) {
      if (known.has(other) || dependencies[this.#manifest(other).name] === undefined) continue;
      known.add(other);
      this.#folders(other, known);
    }
    return known;
  }

  #manifest(folder: string): z.infer<typeof manifest> {
    const path = join(this.#root, folder, 'package.json');
    if (!existsSync(path)) return { name: '', dependencies: {} };
    return manifest.parse(JSON.parse(readFileSync(path, 'utf8')));
  }
}
