import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../workspace.ts';
import { engines, publishedManifest, type Manifest } from './manifest.ts';

const release = { version: '1.2.3', license: 'MIT', web: 'https://example.test/team/boxes' };

test('what is published names what was compiled, and leaves out what only the repository needs', () => {
  const manifest: Manifest = {
    name: '@arcadium/box',
    private: true,
    version: '0.0.1',
    exports: { './lid': './src/lid/index.ts', './schema.json': './schema.json', './gears': './src/gears.ts' },
    bin: { box: './src/main.ts' },
    files: ['schema.json'],
    publishConfig: { access: 'public', internal: ['./gears'] },
    scripts: { postinstall: 'node install.ts' },
    dependencies: {
      '@arcadium/mesh': '0.0.1',
      zod: '4.6.7',
      pg: '8.1.0',
      engine: '7.1.0-4.abc',
      young: '0.4.0',
    },
    devDependencies: { vitest: '5.1.1' },
    peerDependencies: { '@arcadium/mesh': '0.0.1', zod: '^4.6.0' },
  };
  const published = publishedManifest(manifest, release, 'box');

  expect(published).toEqual({
    name: '@arcadium/box',
    version: '1.2.3',
    license: 'MIT',
    homepage: 'https://example.test/team/boxes#readme',
    bugs: 'https://example.test/team/boxes/issues',
    repository: { type: 'git', url: 'git+https://example.test/team/boxes.git', directory: 'box' },
    publishConfig: { access: 'public' },
    engines: { node: expect.stringMatching(/^>=22/) },
    exports: {
      './lid': { types: './dist/lid/index.d.ts', default: './dist/lid/index.js' },
      './schema.json': './schema.json',
      './package.json': './package.json',
    },
    bin: { box: './dist/main.js' },
    files: ['dist', 'schema.json', 'CHANGELOG.md'],
    dependencies: { pg: '^8.1.0', engine: '7.1.0-4.abc', young: '0.4.0' },
    peerDependencies: { '@arcadium/mesh': '1.2.3', zod: '^4.6.0' },
  });
});

test('what npm create arcadium makes runs where the packages do', () => {
  const template = readFileSync(join(root, 'create-arcadium/template/package.json'), 'utf8');
  expect((JSON.parse(template) as { engines: unknown }).engines).toEqual(engines);
});
