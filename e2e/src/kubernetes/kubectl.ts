import { spawnSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from './object.ts';

/** Whether this machine has kubectl. */
export const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;

/**
 * The objects of a folder by `kubectl kustomize`, without the hashes in the names of ConfigMaps.
 *
 * @throws Error with what kubectl says.
 */
export function kubectlBuild(folder: string): readonly KubernetesObject[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
  const text = stdout.replaceAll(/\bname: (mesh)-[a-z0-9]{10}$/gm, 'name: $1');
  return parseAllDocuments(text, { version: '1.1' }).map((document) => document.toJS() as KubernetesObject);
}
