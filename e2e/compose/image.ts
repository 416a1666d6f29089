import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../src/process.ts';

/** Shorter values are not secrets, but addresses, for example. */
const shortestSecret = 20;

/** All secrets of the mesh, including the passwords in its URLs. */
export function readSecrets(): string[] {
  const folder = join(root, 'docker/secrets');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const values = files
    .filter(({ name }) => !['PUBLIC_KEYS', 'tls.crt', 'ca.crt'].includes(name))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
    // A PEM has a secret in each line but the first and the last.
    .flatMap((text) => text.split('\n').filter((line) => !line.startsWith('-----')))
    .map((line) => line.trim());
  const passwords = values.flatMap((value) => URL.parse(value)?.password ?? []);
  return [...values, ...passwords].filter((value) => value.length >= shortestSecret);
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Files that do not belong into an image: tests, settings, build tools, other services. */
export function strangers(service: string, paths: readonly string[]): string[] {
  const ours = paths.filter((path) => !path.includes('/node_modules/'));
  const misplaced = ours.filter((path) =>
    /\.test(-d)?\.ts$|\/testing(\/|$)|\/\.env|\/secrets(\/|$)|^\/app\/(e2e|cli|bench|docs|\.git)(\/|$)/.test(
      path,
    ),
  );
  const others = ours.filter((path) => {
    const owner = /^\/app\/(?:services|prisma)\/([^/]+)\//.exec(path)?.[1];
    return owner !== undefined && owner !== service && owner !== 'src';
  });
  const forbidden = new Set([...developmentDependencies(), 'prisma']);
  const tools = paths.filter((path) => {
    const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1];
    return name !== undefined && forbidden.has(name);
  });
  return [...misplaced, ...others, ...tools];
}

/** Development dependencies of the repository that are not production dependencies elsewhere. */
function developmentDependencies(): string[] {
  const folders = ['.', 'contracts', 'mesh', 'postgres', 'prisma', 'cli', 'e2e'].concat(
    readdirSync(join(root, 'services')).map((name) => `services/${name}`),
  );
  const manifests = folders.map(
    (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest,
  );
  const needed = new Set(manifests.flatMap(({ dependencies = {} }) => Object.keys(dependencies)));
  // prom-client depends on it.
  needed.add('@opentelemetry/api');
  return manifests
    .flatMap(({ devDependencies = {} }) => Object.keys(devDependencies))
    .filter((name) => !needed.has(name) && !name.startsWith('@arcadium/'));
}
