import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** Any part of a manifest. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** An object of Kubernetes, with the parts that all have. */
export interface KubernetesObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<{ name: string; namespace?: string; labels?: Record<string, string> }> &
    JsonObject;
}

/** Reads all documents of a YAML file, as kustomize does: by YAML 1.1, where 0440 is octal. */
export function readYaml(path: string): readonly Json[] {
  return parseAllDocuments(readFileSync(path, 'utf8'), { version: '1.1', merge: true }).map((document) => {
    const [problem] = document.errors;
    if (problem) throw new Error(`${path}: ${problem.message}`);
    return document.toJS() as Json;
  });
}

/** `kind/name`. */
export function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.name}`;
}

/** The part of an object at a path such as `spec.template.spec`; `undefined` if there is none. */
export function at(object: JsonObject, path: string): unknown {
  let part: Json | undefined = object;
  for (const key of path.split('.')) part = (part as JsonObject | undefined)?.[key];
  return part;
}
