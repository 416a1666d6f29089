import * as fc from 'fast-check';
import { schemaOf, type Field, type Fields, type Model } from './model.ts';

const bound = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 1 });
const upper = fc.option(fc.integer({ min: 4, max: 9 }), { nil: undefined, freq: 1 });

const text: fc.Arbitrary<Model> = fc.record({
  type: fc.constant('text' as const),
  min: bound,
  max: upper,
  pattern: fc.option(fc.constantFrom('lower' as const, 'word' as const), { nil: undefined, freq: 1 }),
  refine: fc.option(fc.constantFrom('plain' as const), { nil: undefined, freq: 1 }),
}) as fc.Arbitrary<Model>;

const number: fc.Arbitrary<Model> = fc.record({
  type: fc.constantFrom('int' as const, 'number' as const),
  min: bound,
  max: fc.option(fc.integer({ min: 20, max: 40 }), { nil: undefined }),
  step: fc.option(fc.constantFrom(2, 4), { nil: undefined, freq: 1 }),
}) as fc.Arbitrary<Model>;

const leaf: fc.Arbitrary<Model> = fc.oneof(
  { arbitrary: text, weight: 3 },
  { arbitrary: number, weight: 2 },
  fc.constantFrom<Model>({ type: 'flag' }, { type: 'enum', values: ['a', 'b'] }, { type: 'any' }),
  fc.constantFrom<Model>({ type: 'enum', values: ['a'] }, { type: 'enum', values: ['a', 'b', 'c'] }),
);

const presence = fc.constantFrom<Field['presence']>(
  'required',
  'optional',
  'required',
  'optional',
  'default',
);
const names = ['one', 'two', 'three'] as const;

function fieldsOf(of: fc.Arbitrary<Model>): fc.Arbitrary<Fields> {
  const field = fc.record({ of, presence }).map(settled);
  return fc.dictionary(fc.constantFrom(...names), field, { minKeys: 1, maxKeys: 3 });
}

/** Without a default where no simple value would do, or where it would be `undefined`. */
function settled(field: Field): Field {
  if (field.presence !== 'default') return field;
  const { of } = field;
  if (of.type === 'any') return { of, presence: 'optional' };
  const filled = schemaOf({ type: 'object', unknown: 'strip', fields: { a: field } }).safeParse({});
  const value = (filled.data as { a?: unknown } | undefined)?.a;
  return value !== undefined && schemaOf(of).safeParse(value).success ? field : { of, presence: 'optional' };
}

/** Schemas of every kind that the mesh's contracts have, up to three levels deep. */
export const models: fc.Arbitrary<Model> = fc.letrec<{ object: Model; part: Model; below: Model }>((tie) => ({
  object: fc.record({
    type: fc.constant('object' as const),
    unknown: fc.constantFrom('strip', 'strip', 'strip', 'strict', 'loose'),
    fields: fieldsOf(tie('part')),
  }),
  part: fc.oneof(
    { arbitrary: leaf, weight: 4 },
    fc.record({
      type: fc.constant('list' as const),
      of: tie('below'),
      min: bound,
      max: upper,
    }) as fc.Arbitrary<Model>,
    fc.record({
      type: fc.constantFrom('nullable' as const, 'tree' as const, 'record' as const),
      of: tie('below'),
    }) as fc.Arbitrary<Model>,
    fc.record({
      type: fc.constant('tuple' as const),
      items: fc.array(tie('below'), { minLength: 1, maxLength: 2 }),
      rest: fc.option(leaf, { nil: undefined }),
    }) as fc.Arbitrary<Model>,
    fc.record({
      type: fc.constant('choice' as const),
      members: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fieldsOf(leaf), { minKeys: 1, maxKeys: 3 }),
    }) as fc.Arbitrary<Model>,
    fc.constantFrom<Model>({ type: 'union', members: [{ type: 'text' }, { type: 'int' }] }),
  ),
  below: fc.oneof(
    { arbitrary: leaf, weight: 3 },
    fc.record({
      type: fc.constant('object' as const),
      unknown: fc.constant('strip' as const),
      fields: fieldsOf(leaf),
    }) as fc.Arbitrary<Model>,
  ),
})).object;

/** Values that a model's schema accepts, before it changes them. */
export function valuesOf(model: Model): fc.Arbitrary<unknown> {
  return made(model).filter((value) => schemaOf(model).safeParse(value).success);
}

function made(model: Model): fc.Arbitrary<unknown> {
  switch (model.type) {
    case 'text':
      return textsOf(model);
    case 'int':
    case 'number': {
      const { min = -20, max = 60, step = 1, type } = model;
      const whole = fc
        .integer({ min: Math.ceil(min / step), max: Math.floor(max / step) })
        .map((n) => n * step);
      return type === 'int' || model.step !== undefined
        ? whole
        : fc.oneof(
            whole,
            fc.integer({ min: min * 4, max: max * 4 }).map((n) => n / 4),
          );
    }
    case 'flag':
      return fc.boolean();
    case 'any':
      return fc.oneof(
        fc.string({ maxLength: 5 }),
        fc.integer(),
        fc.constant(null),
        fc.constant({ deep: [1] }),
      );
    case 'enum':
      return fc.constantFrom(...model.values);
    case 'nullable':
      return fc.option(made(model.of));
    case 'tree':
      return fc.tuple(made(model.of), fc.array(made(model.of), { maxLength: 2 })).map(([value, others]) => ({
        value,
        children: others.map((other) => ({ value: other, children: [] })),
      }));
    case 'list': {
      const { min: minLength = 0, max: maxLength = Math.max(4, model.min ?? 0) } = model;
      return fc.array(made(model.of), { minLength, maxLength });
    }
    case 'record':
      return fc.dictionary(fc.constantFrom('k1', 'k2', 'k3'), made(model.of), { maxKeys: 3 });
    case 'tuple':
      return fc
        .tuple(
          fc.tuple(...model.items.map(made)),
          model.rest ? fc.array(made(model.rest), { maxLength: 2 }) : fc.constant([]),
        )
        .map(([items, rest]) => [...items, ...rest]);
    case 'union':
      return fc.oneof(...model.members.map(made));
    case 'choice':
      return fc.oneof(
        ...Object.entries(model.members).map(([kind, fields]) =>
          madeFields(fields).map((value) => ({ ...value, kind })),
        ),
      );
    case 'object':
      return madeFields(model.fields);
    default:
      return model satisfies never;
  }
}

function textsOf({ min = 0, max = 8, pattern }: Extract<Model, { type: 'text' }>): fc.Arbitrary<string> {
  const letters = pattern === undefined ? ['a', 'b', 'q', 'A', ' ', '1', 'é'] : ['a', 'b', 'c', 'q'];
  return fc.string({ unit: fc.constantFrom(...letters), minLength: min, maxLength: Math.max(min, max) });
}

function madeFields(fields: Fields): fc.Arbitrary<Record<string, unknown>> {
  const required = Object.entries(fields).flatMap(([name, one]) =>
    one.presence === 'required' ? [name] : [],
  );
  const parts = Object.fromEntries(Object.entries(fields).map(([name, { of }]) => [name, made(of)]));
  return fc.record(parts, { requiredKeys: required, noNullPrototype: true });
}
