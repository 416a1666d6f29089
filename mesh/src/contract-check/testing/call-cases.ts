import { z } from 'zod';
import {
  actingFor,
  admin,
  anyone,
  contract,
  either,
  entriesOf,
  error,
  mutation,
  query,
  services,
  subscription,
  takeSnapshot,
  user,
  type Access,
  type ContractSnapshot,
  type ProcedureDescription,
  type ProcedureTree,
} from '../../contract/index.ts';
import type { RuleId, Severity } from '../index.ts';

const text = z.string();
const a = { a: z.int() };
const short = (value: string) => value.length < 10;

type Options = Parameters<typeof query>[0] & Parameters<typeof mutation>[0];

const base = { summary: 'Reads', output: z.object({}), access: anyone as Access };

function ofTree(procedures: ProcedureTree): ContractSnapshot {
  const made = contract('shop', procedures);
  const snapshot = takeSnapshot({ name: made.name, version: '1', procedures: entriesOf(made) });
  return JSON.parse(JSON.stringify(snapshot)) as ContractSnapshot;
}
/** A contract of one query, `get`. */
export const read = (options: Partial<Options> = {}) => ofTree({ get: query({ ...base, ...options }) });
const write = (options: Partial<Options> = {}) => ofTree({ get: mutation({ ...base, ...options }) });
const watch = (input: z.ZodType) => ofTree({ get: subscription({ ...base, input }) });
const asked = (access: Access) => read({ access });
const paged = (cursor: z.ZodType = text) =>
  read({
    input: z.object({ cursor: cursor.optional() }),
    output: z.object({ nextCursor: text.nullable() }),
  });
const unpaged = read({ input: z.object({}), output: z.object({ nextCursor: text.nullable() }) });
const taken = error('CONFLICT', 'Taken', z.object({}));
const fails = (errors: Options['errors']) => read({ errors: errors ?? {} });
const patched = (patch: Partial<ProcedureDescription> & Record<string, unknown>): ContractSnapshot => {
  const made = read();
  const [only] = made.procedures;
  return { ...made, procedures: only ? [{ ...only, ...patch }] : [] };
};

const unmarked = ({ format: _format, ...rest }: ContractSnapshot): ContractSnapshot => rest;

/** Old, new, the severity, and other rules that the edit falls under. */
export type CallCase = readonly [ContractSnapshot, ContractSnapshot, Severity, ...RuleId[]];

/** Edits beside schemas, by rule. */
export const callCases: Partial<Record<RuleId, CallCase>> = {
  'snapshot-unmarked': [unmarked(read({ input: text })), read({ input: text.refine(short) }), 'risky'],
  'procedure-added': [read(), ofTree({ get: query(base), other: mutation(base) }), 'risky'],
  'procedure-removed': [ofTree({ get: query(base), other: mutation(base) }), read(), 'breaking'],
  'procedure-renamed': [
    read(),
    ofTree({ fetch: query({ ...base, summary: 'Reads it' }) }),
    'breaking',
    'procedure-added',
  ],
  'kind-changed': [read(), write({ idempotent: true }), 'breaking'],
  'summary-changed': [read(), read({ summary: 'Reads it' }), 'safe'],
  'procedure-description-changed': [read(), patched({ cache: 'public' }), 'risky'],
  'idempotence-lost': [write({ idempotent: true }), write(), 'breaking'],
  'idempotence-gained': [write(), write({ idempotent: true }), 'risky'],
  'idempotency-key-required': [write({ idempotent: true }), write({ idempotent: 'by-key' }), 'breaking'],
  'idempotency-key-added': [write(), write({ idempotent: 'by-key' }), 'risky'],
  'idempotency-key-dropped': [write({ idempotent: 'by-key' }), write({ idempotent: true }), 'safe'],
  'timeout-cut': [read(), read({ timeoutMs: 4000 }), 'risky'],
  'timeout-raised': [read({ timeoutMs: 4000 }), read(), 'safe'],
  'timeout-declared': [read(), read({ timeoutMs: 5000 }), 'safe'],
  'priority-lowered': [read({ priority: 'critical' }), read(), 'risky'],
  'priority-raised': [read({ priority: 'sheddable' }), read({ priority: 'critical' }), 'safe'],
  'rate-limit-added': [read(), read({ rateLimit: { calls: 5, perMs: 1000 } }), 'risky'],
  'rate-limit-removed': [read({ rateLimit: { calls: 5, perMs: 1000 } }), read(), 'safe'],
  'rate-limit-cut': [
    read({ rateLimit: { calls: 300, perMs: 60_000 } }),
    read({ rateLimit: { calls: 5, perMs: 1000 } }),
    'risky',
  ],
  'rate-limit-raised': [
    read({ rateLimit: { calls: 5, perMs: 1000 } }),
    read({ rateLimit: { calls: 300, perMs: 60_000 } }),
    'safe',
  ],
  'hedge-added': [read(), read({ hedge: true }), 'safe'],
  'hedge-removed': [read({ hedge: true }), read(), 'safe'],
  'access-anonymous-removed': [
    asked(either(anyone)),
    asked(either(user, services('till'))),
    'breaking',
    'access-service-removed',
  ],
  'access-users-removed': [asked(either(user, services('till'))), asked(services('till')), 'breaking'],
  'access-role-raised': [asked(user), asked(admin), 'breaking'],
  'access-service-removed': [asked(services('till', 'wiki')), asked(services('till')), 'breaking'],
  'access-acting-for-required': [
    asked(services('till')),
    asked(actingFor(services('till'), user)),
    'breaking',
  ],
  'access-scope-required': [asked(user), asked(user({ scopes: ['pages:write'] })), 'breaking'],
  'access-anonymous-added': [
    asked(either(user, services('till'))),
    asked(anyone),
    'risky',
    'access-service-added',
  ],
  'access-users-added': [asked(services('till')), asked(either(user, services('till'))), 'risky'],
  'access-role-lowered': [asked(admin), asked(user), 'risky'],
  'access-service-added': [asked(services('till')), asked(services('till', 'wiki')), 'risky'],
  'access-acting-for-dropped': [asked(actingFor(services('till'), user)), asked(services('till')), 'risky'],
  'access-scope-dropped': [
    asked(services('till', { scopes: ['a', 'b'] })),
    asked(services('till', { scopes: ['b'] })),
    'risky',
  ],
  'access-rewritten': [asked(services('till', 'wiki')), asked(services('wiki', 'till')), 'safe'],
  'input-added-required': [read(), read({ input: z.object(a) }), 'breaking'],
  'input-added-optional': [read(), read({ input: z.object(a).optional() }), 'risky'],
  'input-removed': [read({ input: z.object(a) }), read(), 'breaking'],
  'input-made-required': [
    read({ input: z.object({}).optional() }),
    read({ input: z.object({}) }),
    'breaking',
  ],
  'input-made-optional': [read({ input: z.object({}) }), read({ input: z.object({}).optional() }), 'risky'],
  'cursor-added': [unpaged, paged(), 'risky', 'property-added-optional'],
  'cursor-removed': [paged(), unpaged, 'breaking', 'property-removed-optional'],
  'cursor-changed': [paged(), paged(text.max(100)), 'risky', 'max-length-added'],
  'resumption-lost': [
    watch(z.object({ lastEventId: text.nullish() })),
    watch(z.object({})),
    'breaking',
    'property-removed-optional',
  ],
  'resumption-gained': [
    watch(z.object({})),
    watch(z.object({ lastEventId: text.nullish() })),
    'risky',
    'property-added-optional',
  ],
  'output-added': [write({ output: z.void() }), write(), 'breaking'],
  'output-removed': [write(), write({ output: z.void() }), 'breaking'],
  'error-added': [read(), fails({ TAKEN: taken }), 'risky'],
  'error-removed': [fails({ TAKEN: taken }), read(), 'risky'],
  'error-renamed': [fails({ TAKEN: taken }), fails({ IN_USE: taken }), 'breaking'],
  'error-code-changed': [
    fails({ TAKEN: taken }),
    fails({ TAKEN: { ...taken, code: 'FORBIDDEN' } }),
    'breaking',
  ],
  'error-message-changed': [
    fails({ TAKEN: taken }),
    fails({ TAKEN: { ...taken, message: 'In use' } }),
    'safe',
  ],
};

/** Services added and removed. */
export const serviceCases: Partial<
  Record<RuleId, readonly [ContractSnapshot[], ContractSnapshot[], Severity]>
> = {
  'service-added': [[], [read()], 'risky'],
  'service-removed': [[read()], [], 'breaking'],
};
