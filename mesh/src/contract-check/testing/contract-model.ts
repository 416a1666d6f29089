import * as fc from 'fast-check';
import {
  actingFor,
  admin,
  anyone,
  anyService,
  contract,
  either,
  entriesOf,
  error,
  mutation,
  query,
  services,
  takeSnapshot,
  user,
  type Access,
  type AnyContract,
  type ContractSnapshot,
  type Priority,
} from '../../contract/index.ts';
import type { ErrorCode } from '../../wire/index.ts';
import { schemaOf, type Model } from './model.ts';
import { editsOf } from './model-edits.ts';
import { models } from './models.ts';

/** A procedure as data. */
export interface ProcedureModel {
  readonly kind: 'query' | 'mutation';
  readonly summary: string;
  readonly input: Model | undefined;
  readonly output: Model;
  readonly access: keyof typeof accesses;
  readonly idempotent: boolean | 'by-key';
  readonly timeoutMs: number | undefined;
  readonly rateLimit: number | undefined;
  readonly priority: Priority;
  readonly hedge: boolean;
  readonly errors: Readonly<Record<string, Readonly<{ code: ErrorCode; message: string; data: Model }>>>;
}

/** A contract as data. */
export type ContractModel = Readonly<Record<string, ProcedureModel>>;

/** Each admits the service till for an administrator whose tokens have the scope `s`. */
const accesses = {
  anyone,
  till: services('till'),
  tillAndWiki: services('till', 'wiki'),
  wikiAndTill: services('wiki', 'till'),
  tillScoped: services('till', { scopes: ['s'] }),
  tillForUser: actingFor(services('till'), user),
  tillForAdmin: actingFor(services('till'), admin),
  anyService,
  userOrTill: either(user, services('till')),
  adminOrTill: either(admin, services('till')),
  scopedUserOrTill: either(user({ scopes: ['s'] }), services('till')),
} as const satisfies Record<string, Access>;
const accessNames = Object.keys(accesses) as readonly (keyof typeof accesses)[];

const priorities: readonly Priority[] = ['sheddable', 'normal', 'critical'];
const codes: readonly ErrorCode[] = ['CONFLICT', 'NOT_FOUND'];

const procedures: fc.Arbitrary<ProcedureModel> = fc
  .record({
    kind: fc.constantFrom('query' as const, 'mutation' as const),
    summary: fc.constant('Works'),
    input: fc.option(models, { nil: undefined, freq: 6 }),
    output: models,
    access: fc.constantFrom(...accessNames),
    idempotent: fc.constantFrom(true, false, 'by-key' as const),
    timeoutMs: fc.constantFrom(undefined, 5000, 8000),
    rateLimit: fc.constantFrom(undefined, 1000),
    priority: fc.constantFrom(...priorities),
    hedge: fc.boolean(),
    errors: fc.dictionary(
      fc.constantFrom('TAKEN', 'GONE'),
      fc.record({ code: fc.constantFrom(...codes), message: fc.constant('No'), data: models }),
      { maxKeys: 1 },
    ),
  })
  // Of a query, the kind decides.
  .map((one) => (one.kind === 'query' ? { ...one, idempotent: true } : { ...one, hedge: false }));

/** Contracts of one or two procedures. */
export const contractModels: fc.Arbitrary<ContractModel> = fc.dictionary(
  fc.constantFrom('first', 'second'),
  procedures,
  { minKeys: 1, maxKeys: 2, noNullPrototype: true },
);

/** Makes the contract. */
export function contractOf(model: ContractModel): AnyContract {
  const tree = Object.entries(model).map(([name, one]) => {
    const { kind, input, output, access, rateLimit, timeoutMs, errors } = one;
    const options = {
      summary: one.summary,
      ...(input && { input: schemaOf(input) }),
      output: schemaOf(output),
      access: accesses[access],
      priority: one.priority,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(rateLimit !== undefined && { rateLimit: { calls: rateLimit, perMs: 1000 } }),
      errors: Object.fromEntries(
        Object.entries(errors).map(([key, { code, message, data }]) => [
          key,
          error(code, message, schemaOf(data)),
        ]),
      ),
    };
    const { hedge, idempotent } = one;
    return [name, kind === 'query' ? query({ ...options, hedge }) : mutation({ ...options, idempotent })];
  });
  return contract('shop', Object.fromEntries(tree) as AnyContract['procedures']);
}

/** Through JSON, as a service publishes it. */
export function snapshotOf(made: AnyContract): ContractSnapshot {
  const snapshot = takeSnapshot({ name: made.name, version: '1', procedures: entriesOf(made) });
  return JSON.parse(JSON.stringify(snapshot)) as ContractSnapshot;
}

/** Every single edit of a contract that this knows. Each result is another contract. */
export function contractEditsOf(model: ContractModel): readonly ContractModel[] {
  const edited = Object.entries(model).flatMap(([name, procedure]) => {
    const { [name]: _gone, ...others } = model;
    return [
      ...(Object.keys(others).length > 0 ? [others] : []),
      { ...others, [`${name}s`]: procedure },
      ...procedureEdits(procedure).map((next) => ({ ...model, [name]: next })),
    ];
  });
  const [one] = Object.values(model);
  return one ? [...edited, { ...model, third: one }] : edited;
}

function procedureEdits(model: ProcedureModel): ProcedureModel[] {
  const { kind, input, output, errors } = model;
  const others = <Value>(all: readonly Value[], own: Value) => all.filter((value) => value !== own);
  const [known] = Object.entries(errors);
  const only = (data: Model, code: ErrorCode = 'CONFLICT', message = 'No') => ({ code, message, data });
  return [
    { ...model, summary: `${model.summary}.` },
    kind === 'query'
      ? { ...model, kind: 'mutation', hedge: false }
      : { ...model, kind: 'query', idempotent: true },
    ...(kind === 'mutation'
      ? others([true, false, 'by-key'] as const, model.idempotent).map((idempotent) => ({
          ...model,
          idempotent,
        }))
      : [{ ...model, hedge: !model.hedge }]),
    ...others([undefined, 5000, 8000, 9000], model.timeoutMs).map((timeoutMs) => ({ ...model, timeoutMs })),
    ...others([undefined, 900, 1000, 2000], model.rateLimit).map((rateLimit) => ({ ...model, rateLimit })),
    ...others(priorities, model.priority).map((priority) => ({ ...model, priority })),
    ...others(accessNames, model.access).map((access) => ({ ...model, access })),
    { ...model, input: input ? undefined : { type: 'object', unknown: 'strip', fields: {} } },
    ...(input ? editsOf(input).map((next) => ({ ...model, input: next })) : []),
    ...editsOf(output).map((next) => ({ ...model, output: next })),
    { ...model, errors: { ...errors, ADDED: only({ type: 'flag' }) } },
    ...(known
      ? [
          { ...model, errors: {} },
          { ...model, errors: { RENAMED: known[1] } },
          { ...model, errors: { [known[0]]: { ...known[1], code: 'FORBIDDEN' as const } } },
          { ...model, errors: { [known[0]]: { ...known[1], message: 'Not now' } } },
          ...editsOf(known[1].data).map((data) => ({
            ...model,
            errors: { [known[0]]: { ...known[1], data } },
          })),
        ]
      : []),
  ];
}
