import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { program, root, tools } from './program.ts';

const { examples, tarballs } = inject('outside');
const names = Object.keys(tarballs);
const read = (path: string) => readFileSync(path, 'utf8');
const { version } = JSON.parse(read(join(root, 'package.json')));

/** The files of an installed package, with their text. */
function filesOf(name: string): Map<string, string> {
  const folder = join(examples, 'node_modules', name);
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = paths.filter((path) => statSync(join(folder, path)).isFile());
  return new Map(files.map((path) => [path, read(join(folder, path))]));
}

test.each(names)('publint and arethetypeswrong accept %s', async (name) => {
  const tarball = tarballs[name] ?? '';
  const publint = join(tools, 'node_modules/publint/src/cli.js');
  expect(await program([publint, tarball, '--strict', '--level', 'warning'], { cwd: tools })).toContain(
    'All good!',
  );
  // A program has no types, and nothing to import.
  if (!filesOf(name).get('package.json')?.includes('"exports"')) return;
  // It is ESM only, which `require()` can load too.
  const attw = join(tools, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  const report = await program([attw, tarball, '--profile', 'esm-only', '--format', 'json'], { cwd: tools });
  expect(JSON.parse(report)).toMatchObject({ analysis: { types: { kind: 'included' } } });
});

test.each(names)('%s has what npm shows of a package', (name) => {
  const files = filesOf(name);
  const manifest = JSON.parse(files.get('package.json') ?? '');
  expect(manifest).toMatchObject({
    version,
    license: 'MIT',
    repository: { type: 'git', directory: expect.any(String) },
    engines: { node: expect.any(String) },
    keywords: expect.arrayContaining(['microservices']),
  });
  for (const field of ['private', 'devDependencies', 'scripts']) expect(manifest).not.toHaveProperty(field);
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md'])
    expect(files.get(file)?.length, file).toBeGreaterThan(200);
  expect(files.get('README.md')).not.toMatch(/\]\((?!https:|#)/);
});

test.each(names)('%s has no test, and no name of this repository', (name) => {
  const files = filesOf(name);
  // What a template creates has tests.
  const own = [...files.keys()].filter((path) => !path.startsWith('template/'));
  expect(own.filter((path) => /\.test\.|(^|\/)src\//.test(path))).toEqual([]);
  const code = [...files].filter(([path]) => /\.js$|\.d\.ts$/.test(path));
  // The command line names places of a checkout in its messages.
  const inside =
    name === '@arcadium/cli'
      ? /@arcadium\/(?!mesh\b|postgres\b|cli\b)|docs\/[\w-]+\.md|__dirname/
      : /@arcadium\/(?!mesh\b|postgres\b)|docs\/[\w-]+\.md|services\/\w|__dirname/;
  const found = code.flatMap(([path, text]) => {
    const match = text.includes(root) ? root : inside.exec(text)?.[0];
    return match === undefined ? [] : [`${path}: ${match}`];
  });
  expect(found).toEqual([]);
});
