import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setPriority } from 'node:os';
import { join, relative } from 'node:path';
import { watch } from 'chokidar';

/** How long there must be no change before the page is built again, in milliseconds. */
const quietMs = 150;

/** The build and the installed packages: they change without being sources. */
const notSources = /(^|[\\/])(dist|node_modules)([\\/]|$)/;

/**
 * The page of the dashboard under `npm run dev`: built when it is missing or older than its sources, and again when one
 * changes. Nothing waits for it, and without it the services run as well.
 */
export class Page {
  readonly #folder: string;
  readonly #print: (line: string) => void;
  readonly #stopping = new AbortController();
  #building: Promise<void> | undefined;
  #changed = false;
  #timer: NodeJS.Timeout | undefined;
  #unwatch: () => Promise<void> = async () => {};

  constructor(root: string, print: (line: string) => void) {
    this.#folder = join(root, 'services', 'dashboard', 'page');
    this.#print = print;
  }

  /** Starts the build if it is needed, and watches the sources. */
  start(): void {
    if (!existsSync(join(this.#folder, 'vite.config.ts'))) return;
    if (this.#isOld()) this.#build();
    const watcher = watch(this.#folder, {
      ignoreInitial: true,
      ignored: (path) => notSources.test(relative(this.#folder, path)),
    });
    watcher.on('all', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#build(), quietMs);
    });
    watcher.on('error', (error) =>
      this.#print(`Not every change of the page will be noticed: ${String(error)}`),
    );
    this.#unwatch = () => watcher.close();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#unwatch();
    await this.#building;
  }

  #isOld(): boolean {
    const built = join(this.#folder, 'dist', 'index.html');
    if (!existsSync(built)) return true;
    const { mtimeMs } = statSync(built);
    return readdirSync(this.#folder, { recursive: true, encoding: 'utf8' }).some(
      (name) => !notSources.test(name) && statSync(join(this.#folder, name)).mtimeMs > mtimeMs,
    );
  }

  #build(): void {
    if (this.#stopping.signal.aborted) return;
    this.#changed = this.#building !== undefined;
    this.#building ??= this.#run().finally(() => {
      this.#building = undefined;
      if (this.#changed) this.#build();
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { code, output } = await viteBuild(this.#folder, signal).catch((error: unknown) => ({
      code: -1,
      output: error instanceof Error ? error.message : String(error),
    }));
    if (code !== 0 && !signal.aborted)
      this.#print(`The page of the dashboard could not be built:\n${output.trim()}`);
  }
}

/** Runs `vite build`. */
function viteBuild(folder: string, signal: AbortSignal): Promise<{ code: number | null; output: string }> {
  const { resolve } = createRequire(join(folder, 'vite.config.ts'));
  const vite = join(resolve('vite/package.json'), '../bin/vite.js');
  const child = spawn(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  // The services, which start at the same time, come first.
  if (child.pid !== undefined) setPriority(child.pid, 10);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (code) => done({ code, output }));
  });
}
