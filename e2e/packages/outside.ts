import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { installTools, npm, program, root } from './program.ts';

/** A folder outside of the repository, with the packages installed from their tarballs. */
export interface Outside {
  /** Holds the examples, with all that they need. */
  readonly examples: string;
  /** The tarballs by the name of their package. */
  readonly tarballs: Readonly<Record<string, string>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    outside: Outside;
  }
}

let folder: string | undefined;

/** Packs, copies `examples/` and `consumer/` outside, and installs there what they need and the tarballs. */
export async function setup(project: TestProject): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'arcadium-packages-'));
  const examples = join(folder, 'examples');
  const packing = pack();
  const works = [packing, installTools(), copyExamples(examples)];
  // Nothing may go on after a failure.
  await Promise.allSettled(works);
  await Promise.all(works);
  const tarballs = await packing;
  await npm(['install', '--no-save', '--ignore-scripts', ...Object.values(tarballs)], examples);
  await npm(['run', 'generate'], examples);
  project.provide('outside', { examples, tarballs });
}

export async function teardown(): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}

async function copyExamples(examples: string): Promise<void> {
  const filter = (path: string) => !/\/(node_modules|generated|dist)(\/|$)/.test(path.slice(root.length));
  await cp(join(root, 'examples'), examples, { recursive: true, filter });
  await cp(join(import.meta.dirname, 'consumer'), join(examples, 'consumer'), { recursive: true });
  await npm(['ci'], examples);
}

async function pack(): Promise<Record<string, string>> {
  await program(['--disable-warning=ExperimentalWarning', 'cli/src/pack.ts'], {
    cwd: root,
    // As in the release workflow.
    env: { GITHUB_SERVER_URL: 'https://example.test', GITHUB_REPOSITORY: 'team/arcadium' },
  });
  const packed = join(root, 'dist', 'packages');
  const files = await readdir(packed);
  return Object.fromEntries(
    files.map((file) => {
      const [, name = file] = /^(.+)-\d+\.\d+\.\d+.*\.tgz$/.exec(file) ?? [];
      return [name.replace(/^arcadium-/, '@arcadium/'), join(packed, file)];
    }),
  );
}
