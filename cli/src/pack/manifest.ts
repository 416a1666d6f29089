/** The fields of a package.json that packing reads; the others are published as they are. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  /** Files of which a browser gets others. */
  readonly browser?: Readonly<Record<string, string>>;
  /** Published besides `dist`. */
  readonly files?: readonly string[];
  readonly scripts?: unknown;
  readonly devDependencies?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly publishConfig?: {
    readonly access: 'public';
    /** Exports that only this repository uses, and that are not published. */
    readonly internal?: readonly string[];
    /** Whether it is a program, bundled with the packages that are not published, and no library. @default false */
    readonly program?: boolean;
  };
}

/** A package.json as npm serves it. */
export type PublishedManifest = Omit<Manifest, 'exports'> & {
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly homepage?: string;
  readonly bugs?: string;
  readonly repository?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | CompiledExport>>;
};

interface CompiledExport {
  readonly types: string;
  readonly default: string;
}

/** What all packages of this repository have in common. */
export interface Release {
  readonly version: string;
  readonly license: string;
  /** URL of the repository's pages, such as `https://github.com/<owner>/<name>`. @default none is named */
  readonly web: string | undefined;
}

/**
 * Where the packages run: undici needs it. Not in the repository's manifests, because npm compares `engines` with the
 * Node that runs npm, and here the packages run on the Node of the install.
 */
export const engines = { node: '>=22.19' };

/** A source file that is an entry of a package, such as `./src/client/index.ts`. */
const source = /^\.\/src\/(.+)\.ts$/;

/** The source files that the package's users reach: what `exports`, `bin` and `browser` name. */
export function entriesOf(manifest: Manifest): string[] {
  const { bin = {}, browser = {} } = manifest;
  const named = [publicExports(manifest), bin, browser].flatMap((paths) => Object.values(paths));
  return named.filter((path) => source.test(path));
}

function publicExports({ exports = {}, publishConfig }: Manifest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(exports).filter(([door]) => !publishConfig?.internal?.includes(door)),
  );
}

/**
 * The manifest that is published. In the repository `exports` and `bin` name TypeScript, which Node runs as
 * it stands; it refuses to do so below node_modules, so here they name what was compiled from it. A package under
 * both `dependencies` and `peerDependencies` is installed here with the first, and is a peer of what is published.
 *
 * @param folder Of the package, from the root of the repository.
 */
export function publishedManifest(
  manifest: Manifest,
  { version, license, web }: Release,
  folder: string,
): PublishedManifest {
  const { private: _private, scripts: _scripts, devDependencies: _development, ...rest } = manifest;
  const { exports, bin, browser, files = [], dependencies = {}, peerDependencies = {} } = manifest;
  return {
    ...rest,
    version,
    license,
    engines,
    ...(web !== undefined && {
      homepage: `${web}#readme`,
      bugs: `${web}/issues`,
      repository: { type: 'git', url: `git+${web}.git`, directory: folder },
    }),
    publishConfig: { access: 'public' },
    files: ['dist', ...files, 'CHANGELOG.md'],
    ...(exports && {
      exports: { ...mapValues(publicExports(manifest), compiledExport), './package.json': './package.json' },
    }),
    ...(bin && { bin: mapValues(bin, compiledPath) }),
    ...(browser && {
      browser: Object.fromEntries(
        Object.entries(browser).map(([path, instead]) => [compiledPath(path), compiledPath(instead)]),
      ),
    }),
    dependencies: Object.fromEntries(
      Object.entries(dependencies)
        .filter(([name]) => !(name in peerDependencies))
        .map(([name, pinned]) => [name, rangeOf(name, pinned, version)]),
    ),
    peerDependencies: mapValues(peerDependencies, (range, name) =>
      name.startsWith('@arcadium/') ? version : range,
    ),
  };
}

/** The path of what is compiled from a source file; another path stays. */
function compiledPath(path: string): string {
  return path.replace(source, './dist/$1.js');
}

function compiledExport(path: string): string | CompiledExport {
  const [, file] = source.exec(path) ?? [];
  return file === undefined ? path : { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` };
}

/** The repository pins versions; who installs a package gets what is newer and compatible, and our own of the same release. */
function rangeOf(name: string, pinned: string, version: string): string {
  if (name.startsWith('@arcadium/')) return version;
  return /^[1-9]\d*\.\d+\.\d+$/.test(pinned) ? `^${pinned}` : pinned;
}

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value, key: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
