import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
const compressed = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt', '.webmanifest']);

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  /** Bytes by content coding; those of `identity` are always there. */
  readonly bytes: Readonly<Partial<Record<'identity' | 'gzip' | 'br', Uint8Array>>>;
}

/**
 * The built page, in memory, compressed. Requests are looked up by name and never reach the file system. After a new build,
 * it is read again.
 */
export class PageFiles {
  readonly #folder: string;
  #builtAt: number | undefined;
  #files: Promise<ReadonlyMap<string, PageFile>> = Promise.resolve(new Map());

  /** @param folder The output of the build. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A file by its path, such as `/index.html`; undefined if there is none, or the page is not built. */
  async find(path: string): Promise<PageFile | undefined> {
    const builtAt = await stat(join(this.#folder, 'index.html')).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (builtAt !== this.#builtAt) {
      this.#builtAt = builtAt;
      this.#files = builtAt === undefined ? Promise.resolve(new Map()) : readAll(this.#folder);
      // A build that is read half is read again.
      this.#files.catch(() => (this.#builtAt = undefined));
    }
    return (await this.#files).get(path);
  }
}

async function readAll(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const files = await Promise.all(
    paths.map(
      async (path) => [`/${relative(folder, path).split(sep).join('/')}`, await readOne(path)] as const,
    ),
  );
  return new Map(files);
}

async function readOne(path: string): Promise<PageFile> {
  const identity = await readFile(path);
  const type = types[extname(path)] ?? 'application/octet-stream';
  if (!compressed.has(extname(path))) return { type, bytes: { identity } };
  const [small, smaller] = await Promise.all([
    promisify(gzip)(identity),
    promisify(brotliCompress)(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  ]);
  return { type, bytes: { identity, gzip: small, br: smaller } };
}
