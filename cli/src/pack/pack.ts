import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../workspace.ts';
import { bundle } from './bundle.ts';
import { compile } from './compile.ts';
import { entriesOf, publishedManifest, type Manifest, type Release } from './manifest.ts';
import { npm } from './run.ts';

/** A packed package. */
export interface Packed {
  readonly name: string;
  /** Of the tarball, absolute. */
  readonly tarball: string;
  /** What npm packed, with sizes in bytes. */
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** Of the tarball, in bytes. */
  readonly size: number;
}

/** Where tarballs are written; what is in it before is removed. */
export const tarballs = join(root, 'dist', 'packages');

/**
 * Compiles and packs every workspace of the repository that is published (`publishConfig` in its package.json),
 * in the order in which they are listed, so that a package comes after those it imports.
 *
 * @throws Error with the messages of the compiler or of npm.
 */
export async function packAll(): Promise<Packed[]> {
  rmSync(tarballs, { recursive: true, force: true });
  mkdirSync(tarballs, { recursive: true });
  const compiled = new Map<string, string>();
  // Of its own: two runs at once must not mix their files. In the repository, whose packages the compiler looks for.
  const stages = mkdtempSync(join(root, 'dist', 'stage-'));
  try {
    const packed: Packed[] = [];
    for (const folder of publishedFolders())
      packed.push(await pack(folder, join(stages, basename(folder)), compiled));
    return packed;
  } finally {
    rmSync(stages, { recursive: true, force: true });
  }
}

function publishedFolders(): string[] {
  const { workspaces } = readManifest(root) as { workspaces: readonly string[] };
  return workspaces.filter(
    (folder) =>
      existsSync(join(root, folder, 'package.json')) &&
      (readManifest(join(root, folder)) as Manifest).publishConfig !== undefined,
  );
}

/**
 * @param stage Where it is put together, absolute.
 * @param compiled Declarations of the packages before; those of this one are added.
 */
async function pack(folder: string, stage: string, compiled: Map<string, string>): Promise<Packed> {
  const from = join(root, folder);
  mkdirSync(stage, { recursive: true });

  const manifest = readManifest(from) as Manifest;
  const entries = entriesOf(manifest);
  const published = publishedManifest(
    manifest.publishConfig?.program ? await bundled({ folder: from, manifest, entries, stage }) : manifest,
    releaseOf(),
    folder,
  );
  if (entries.length > 0 && !manifest.publishConfig?.program)
    compile({ folder: from, entries, stage, compiled });
  for (const [door, files] of Object.entries(published.exports ?? {})) {
    if (typeof files === 'object') compiled.set(`${manifest.name}${door.slice(1)}`, join(stage, files.types));
  }

  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  for (const file of manifest.files ?? []) {
    cpSync(join(from, file), join(stage, file), { recursive: true });
    hideManifest(join(stage, file));
  }
  copyFileSync(join(root, 'LICENSE'), join(stage, 'LICENSE'));
  copyPage({ from: folder, file: 'README.md', to: stage });
  copyPage({ from: '.', file: 'CHANGELOG.md', to: stage });

  const [packed] = JSON.parse(npm(['pack', '--json', '--pack-destination', tarballs], stage)) as [
    { filename: string; size: number; files: Packed['files'] },
  ];
  const { filename, size, files } = packed;
  return { name: manifest.name, tarball: join(tarballs, filename), files, size };
}

/** Bundles a program. @returns Its manifest, with the packages that the bundle imports. */
async function bundled({
  folder,
  manifest,
  entries,
  stage,
}: {
  folder: string;
  manifest: Manifest;
  entries: readonly string[];
  stage: string;
}): Promise<Manifest> {
  const { dependencies = {} } = manifest;
  const ours = publishedFolders().map((one) => (readManifest(join(root, one)) as Manifest).name);
  const published = (name: string) =>
    name.startsWith('@arcadium/') ? ours.includes(name) : name in dependencies;
  const imported = await bundle({ folder, entries, stage, published });
  const kept = Object.entries(dependencies).filter(([name]) => imported.includes(name));
  return { ...manifest, dependencies: Object.fromEntries(kept) };
}

/** Copies a page; its links lead to the files of this version in the repository, or are plain text if it has no address. */
function copyPage({ from, file, to }: { from: string; file: string; to: string }): void {
  const { version, web } = releaseOf();
  const page = readFileSync(join(root, from, file), 'utf8');
  const linked = page.replaceAll(
    /\[([^\]]+)\]\((?!https?:|#)([^)]+)\)/g,
    (_link, text: string, path: string) =>
      web === undefined ? text : `[${text}](${web}/blob/v${version}/${join(from, path)})`,
  );
  writeFileSync(join(to, file), linked);
}

/** A package.json in a folder of a package is a template: under its own name, tools take it for one of the package. */
function hideManifest(folder: string): void {
  const file = join(folder, 'package.json');
  if (existsSync(file)) renameSync(file, join(folder, '_package.json'));
}

/** The repository is where the release workflow runs: npm compares it with the provenance. */
function releaseOf(): Release {
  const { version, license } = readManifest(root) as Pick<Release, 'version' | 'license'>;
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
  return { version, license, web: server && name ? `${server}/${name}` : undefined };
}

function readManifest(folder: string): unknown {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
