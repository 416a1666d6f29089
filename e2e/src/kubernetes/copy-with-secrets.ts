import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../process.ts';
import { kustomization } from './kustomization.ts';

/** The manifests of this repository. */
export const manifestsFolder = join(root, 'docker/kubernetes');

/**
 * A copy of the manifests, with the files that the overlay `dev` makes Secrets of, which are not in the repository: each
 * holds its path.
 */
export function copyWithSecrets(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-kubernetes-'));
  cpSync(manifestsFolder, folder, { recursive: true });
  const dev = join(folder, 'overlays/dev');
  rmSync(join(dev, 'secrets'), { recursive: true, force: true });
  const { secretGenerator } = kustomization.parse(
    parse(readFileSync(join(dev, 'kustomization.yaml'), 'utf8')),
  );
  for (const file of secretGenerator.flatMap(({ files }) => files)) {
    const path = file.slice(file.indexOf('=') + 1);
    mkdirSync(dirname(join(dev, path)), { recursive: true });
    writeFileSync(join(dev, path), path);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
