import { z } from 'zod';
import type { ContractSnapshot } from '../contract/index.ts';

const schema = z.record(z.string(), z.unknown());

/** What a comparison reads of a snapshot; the rest is kept. */
const snapshot = z.looseObject({
  format: z.literal(1, { error: 'its format is newer than this program: update the mesh' }).optional(),
  name: z.string(),
  version: z.string().default(''),
  procedures: z.array(
    z.looseObject({
      path: z.string(),
      kind: z.enum(['query', 'mutation', 'subscription']),
      input: schema.nullable(),
      output: schema.nullable(),
      access: z.looseObject({ alternatives: z.array(z.looseObject({})) }),
      errors: z.array(z.looseObject({ name: z.string(), code: z.string(), data: schema })),
    }),
  ),
});

/**
 * Checks that a value from outside is the snapshot of a contract.
 *
 * @throws TypeError that names what is wrong.
 *
 * @example
 * const snapshot = parseSnapshot(await (await fetch('http://shop:3000/api/contract')).json());
 */
export function parseSnapshot(value: unknown): ContractSnapshot {
  const parsed = snapshot.safeParse(value);
  if (parsed.success) return parsed.data as unknown as ContractSnapshot;
  const [issue] = parsed.error.issues;
  throw new TypeError(`not the snapshot of a contract: ${issue?.path.join('.')} ${issue?.message}`);
}
