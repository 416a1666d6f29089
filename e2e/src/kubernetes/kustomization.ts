import { z } from 'zod';

const generator = z.strictObject({
  name: z.string(),
  behavior: z.literal('merge').optional(),
  literals: z.array(z.string()).default([]),
  files: z.array(z.string()).default([]),
});

/** A ConfigMap or Secret to generate. */
export type Generator = z.output<typeof generator>;

const patch = z.strictObject({
  path: z.string().optional(),
  patch: z.string().optional(),
  target: z.strictObject({
    kind: z.string(),
    name: z.string().optional(),
    labelSelector: z.string().optional(),
  }),
});

/** What a JSON patch is applied to. */
export type PatchTarget = z.output<typeof patch>['target'];

/** The part of a kustomization.yaml that the manifests use; anything else is an error, so that nothing is overlooked. */
export const kustomization = z.strictObject({
  apiVersion: z.string(),
  kind: z.enum(['Kustomization', 'Component']),
  namespace: z.string().optional(),
  resources: z.array(z.string()).default([]),
  components: z.array(z.string()).default([]),
  configMapGenerator: z.array(generator).default([]),
  secretGenerator: z.array(generator).default([]),
  generatorOptions: z.strictObject({ disableNameSuffixHash: z.boolean() }).optional(),
  patches: z.array(patch).default([]),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
  replicas: z.array(z.strictObject({ name: z.string(), count: z.int() })).default([]),
});

export type Kustomization = z.output<typeof kustomization>;
