import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { patched, type PatchOperation } from './json-patch.ts';
import { kustomization, type Generator, type Kustomization, type PatchTarget } from './kustomization.ts';
import { at, readYaml, type JsonObject, type KubernetesObject } from './object.ts';

/**
 * Builds the objects of a folder with a kustomization.yaml, as `kubectl kustomize` does, but for the hashes in the names
 * of ConfigMaps. It exists because a machine with Node need not have kubectl; where kubectl is, a test compares the two.
 *
 * @throws Error for what it does not know, so that nothing is overlooked.
 */
export function build(folder: string): readonly KubernetesObject[] {
  return apply(folder, []);
}

/** The objects with what a kustomization adds; a component changes the objects of the one that names it. */
function apply(folder: string, given: readonly KubernetesObject[]): readonly KubernetesObject[] {
  const file = join(folder, 'kustomization.yaml');
  const spec = kustomization.parse(parse(readFileSync(file, 'utf8')), { reportInput: true });
  let objects = [...given, ...spec.resources.flatMap((name) => resource(join(folder, name)))];
  for (const one of spec.configMapGenerator) objects = generate('ConfigMap', one, { objects, folder });
  for (const one of spec.secretGenerator) objects = generate('Secret', one, { objects, folder });
  for (const component of spec.components) objects = [...apply(join(folder, component), objects)];
  for (const { path, patch, target } of spec.patches) {
    const text = path === undefined ? (patch ?? '') : readFileSync(join(folder, path), 'utf8');
    objects = patchAll(objects, target, parse(text) as readonly PatchOperation[]);
  }
  return objects.map((object) => transform(object, spec));
}

function resource(path: string): readonly KubernetesObject[] {
  if (!existsSync(path)) throw new Error(`${path} does not exist`);
  return statSync(path).isDirectory() ? build(path) : (readYaml(path) as readonly KubernetesObject[]);
}

function generate(
  kind: 'ConfigMap' | 'Secret',
  { name, behavior, literals, files }: Generator,
  { objects, folder }: { objects: KubernetesObject[]; folder: string },
): KubernetesObject[] {
  const encode = (text: string): string => (kind === 'Secret' ? Buffer.from(text).toString('base64') : text);
  const data = Object.fromEntries([
    ...literals.map((literal) => pair(literal)).map(([key, value]) => [key, encode(value)]),
    ...files.map((file) => {
      const [key, path] = file.includes('=') ? pair(file) : [basename(file), file];
      return [key, encode(readFileSync(join(folder, path), 'utf8'))];
    }),
  ]) as Record<string, string>;
  const before = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if ((before !== undefined) !== (behavior === 'merge'))
    throw new Error(
      `${folder}: ${kind} ${name} ${before ? 'exists: behavior must be merge' : 'does not exist'}`,
    );
  if (before)
    return objects.map((object) =>
      object === before
        ? { ...object, data: { ...(at(object, 'data') as JsonObject | undefined), ...data } }
        : object,
    );
  const type = kind === 'Secret' ? { type: 'Opaque' } : {};
  return [...objects, { apiVersion: 'v1', kind, metadata: { name }, ...type, data }];
}

function pair(text: string): [string, string] {
  const end = text.indexOf('=');
  return [text.slice(0, end), text.slice(end + 1)];
}

function patchAll(
  objects: readonly KubernetesObject[],
  { kind, name = '.*', labelSelector }: PatchTarget,
  operations: readonly PatchOperation[],
): KubernetesObject[] {
  const [label, value] = labelSelector === undefined ? [] : pair(labelSelector);
  let found = 0;
  const result = objects.map((object) => {
    const { metadata } = object;
    if (!whole(kind).test(object.kind) || !whole(name).test(metadata.name)) return object;
    if (label !== undefined && metadata.labels?.[label] !== value) return object;
    found += 1;
    return patched(object, operations);
  });
  // kustomize accepts that; here it is a mistake.
  if (found === 0) throw new Error(`a patch of ${kind} ${name} ${labelSelector ?? ''} changes nothing`);
  return result;
}

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

const replicated = ['Deployment', 'StatefulSet'];

function transform(object: KubernetesObject, spec: Kustomization): KubernetesObject {
  const count = spec.replicas.find(({ name }) => name === object.metadata.name)?.count;
  const scaled = count !== undefined && replicated.includes(object.kind);
  const { namespace } = spec;
  const inNamespace = namespace !== undefined && object.kind !== 'Namespace';
  return withImages(
    {
      ...object,
      metadata: { ...object.metadata, ...(inNamespace && { namespace }) },
      ...(scaled && { spec: { ...(at(object, 'spec') as JsonObject | undefined), replicas: count } }),
    },
    spec.images,
  );
}

/** With other images, wherever a field is called so. */
function withImages<Whole extends JsonObject>(object: Whole, images: Kustomization['images']): Whole {
  return JSON.parse(JSON.stringify(object), (key, value: unknown) => {
    if (key !== 'image' || typeof value !== 'string') return value;
    const image = images.find(({ name }) => value === name || value.startsWith(`${name}:`));
    return image ? `${image.newName}:${image.newTag}` : value;
  }) as Whole;
}
