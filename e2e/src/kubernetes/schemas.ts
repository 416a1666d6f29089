import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../process.ts';
import { nameOf, type KubernetesObject } from './object.ts';

/** The packages with the schemas of groups that are not Kubernetes' own. */
const packages: Readonly<Record<string, string>> = {
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  'cert-manager.io': '@kubernetes-models/cert-manager',
};

/** Where the schema of an API version is, such as `kubernetes-models/apps/v1`. */
function moduleOf(apiVersion: string): string {
  const [group = ''] = apiVersion.split('/');
  return `${packages[group] ?? 'kubernetes-models'}/${apiVersion}`;
}

type Model = new (object: KubernetesObject) => { validate(): void };

/** What the JSON schema of its kind says against an object; fields that it does not know are allowed. */
export async function schemaProblem(object: KubernetesObject): Promise<string | undefined> {
  const { apiVersion, kind } = object;
  try {
    const models = (await import(`${moduleOf(apiVersion)}/${kind}`)) as Readonly<Record<string, Model>>;
    const OneModel = models[kind];
    if (!OneModel) throw new Error(`${apiVersion} has no kind ${kind}`);
    new OneModel(object).validate();
    return undefined;
  } catch (error) {
    return `${nameOf(object)}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * What the types of their kinds say against objects: fields that do not exist, as a misspelt `livenessProbe` would be,
 * and wrong values. An API server refuses these too (`--validate=strict`).
 */
export function strictProblems(objects: readonly KubernetesObject[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-manifests-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const lines = objects.map(
      (object, index) =>
        `import type { I${object.kind} as Kind${index} } from '${moduleOf(object.apiVersion)}/${object.kind}';\n` +
        `/** ${nameOf(object)} */\n(${JSON.stringify(object, undefined, 1)}) satisfies Kind${index};\n`,
    );
    writeFileSync(join(folder, 'objects.ts'), lines.join('\n'));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--types', '', '--module', 'nodenext'];
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, ...options, 'objects.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
