import { afterAll } from 'vitest';
import { build } from './build.ts';
import { copyWithSecrets } from './copy-with-secrets.ts';
import type { KubernetesObject } from './object.ts';

/** Every folder that is applied to a cluster, by its path below docker/kubernetes. */
export const appliedFolders = [
  'overlays/production-provision',
  'overlays/dev',
  'overlays/production',
  'overlays/production-tls',
] as const;

/** The objects of each folder, and the copy of the manifests they were built from. */
export function buildAll(): {
  manifests: string;
  built: ReadonlyMap<(typeof appliedFolders)[number], readonly KubernetesObject[]>;
} {
  const { folder: manifests, remove } = copyWithSecrets();
  afterAll(remove);
  return {
    manifests,
    built: new Map(appliedFolders.map((folder) => [folder, build(`${manifests}/${folder}`)])),
  };
}
