import { z } from 'zod';

/** A schema as data, from which tests make zod schemas, values and edits. */
export type Model =
  | Readonly<{ type: 'text' } & Partial<Record<'min' | 'max', number>> & TextOptions>
  | Readonly<{ type: 'int' | 'number' } & Partial<Record<'min' | 'max' | 'step', number>>>
  | Readonly<{ type: 'flag' | 'any' }>
  | Readonly<{ type: 'enum'; values: readonly [string, ...string[]] }>
  | Readonly<{ type: 'nullable' | 'tree'; of: Model }>
  | Readonly<{ type: 'list'; of: Model } & Partial<Record<'min' | 'max', number>>>
  | Readonly<{ type: 'record'; of: Model }>
  | Readonly<{ type: 'tuple'; items: readonly Model[]; rest: Model | undefined }>
  | Readonly<{ type: 'union'; members: readonly Model[] }>
  | Readonly<{ type: 'choice'; members: Readonly<Record<string, Fields>> }>
  | ObjectModel;

type TextOptions = Readonly<{
  pattern?: keyof typeof patterns | undefined;
  refine?: keyof typeof refinements | undefined;
  trim?: boolean;
  note?: string;
}>;

export type ObjectModel = Readonly<{ type: 'object'; unknown: 'strip' | 'strict' | 'loose'; fields: Fields }>;
export type Fields = Readonly<Record<string, Field>>;
export type Field = Readonly<{ of: Model; presence: 'required' | 'optional' | 'default' }>;

const patterns = { lower: /^[a-z]*$/, word: /^[a-z0-9]*$/, anyCase: /^[a-z]*$/i } as const;
export const patternNames = Object.keys(patterns) as readonly (keyof typeof patterns)[];

const refinements = {
  plain: (value: string) => !value.includes('q'),
  even: (value: string) => value.length % 2 === 0,
} as const;
export const refinementNames = Object.keys(refinements) as readonly (keyof typeof refinements)[];

/** Makes the schema. */
export function schemaOf(model: Model): z.ZodType {
  switch (model.type) {
    case 'text':
      return textOf(model);
    case 'int':
    case 'number':
      return numberOf(model);
    case 'flag':
      return z.boolean();
    case 'any':
      return z.unknown();
    case 'enum':
      return model.values.length === 1 ? z.literal(model.values[0]) : z.enum(model.values);
    case 'nullable':
      return schemaOf(model.of).nullable();
    case 'tree':
      return treeOf(model.of);
    case 'list':
      return bounded(z.array(schemaOf(model.of)), model);
    case 'record':
      return z.record(z.string(), schemaOf(model.of));
    case 'tuple': {
      const items = model.items.map(schemaOf) as [z.ZodType, ...z.ZodType[]];
      return model.rest ? z.tuple(items, schemaOf(model.rest)) : z.tuple(items);
    }
    case 'union':
      return z.union(model.members.map(schemaOf));
    case 'choice': {
      const members = Object.entries(model.members).map(([kind, fields]) =>
        z.object({ kind: z.literal(kind), ...shapeOf(fields) }),
      );
      return z.discriminatedUnion('kind', members as unknown as [z.ZodObject, ...z.ZodObject[]]);
    }
    case 'object': {
      const shape = shapeOf(model.fields);
      if (model.unknown === 'strict') return z.strictObject(shape);
      return model.unknown === 'loose' ? z.looseObject(shape) : z.object(shape);
    }
    default:
      return model satisfies never;
  }
}

function textOf({ min, max, pattern, refine, trim, note }: Extract<Model, { type: 'text' }>): z.ZodType {
  let text = z.string();
  if (trim) text = text.trim();
  text = bounded(text, { min, max });
  if (pattern) text = text.regex(patterns[pattern]);
  if (refine) text = text.refine(refinements[refine]);
  return note === undefined ? text : text.describe(note);
}

function numberOf({ type, min, max, step }: Extract<Model, { type: 'int' | 'number' }>): z.ZodType {
  const number = bounded(type === 'int' ? z.int() : z.number(), { min, max });
  return step === undefined ? number : number.multipleOf(step);
}

type Bounded = { min(value: number): Bounded; max(value: number): Bounded };

function bounded<Schema extends Bounded>(
  schema: Schema,
  { min, max }: Readonly<{ min?: number | undefined; max?: number | undefined }>,
): Schema {
  const above = min === undefined ? schema : (schema.min(min) as Schema);
  return max === undefined ? above : (above.max(max) as Schema);
}

function treeOf(of: Model): z.ZodType {
  const value = schemaOf(of);
  const tree: z.ZodType = z.object({
    value,
    get children() {
      return z.array(tree);
    },
  });
  return tree;
}

function shapeOf(fields: Fields): Record<string, z.ZodType> {
  const entries = Object.entries(fields).map(([name, { of, presence }]) => {
    const schema = schemaOf(of);
    if (presence === 'optional') return [name, schema.optional()];
    return [name, presence === 'default' ? schema.default(() => defaultOf(schema)) : schema];
  });
  return Object.fromEntries(entries) as Record<string, z.ZodType>;
}

/** A value that the schema accepts, the simplest of a few. */
function defaultOf(schema: z.ZodType): unknown {
  const simple = ['', 'ab', 'abcd', 0, 6, 12, true, null, [], {}, ['ab'], { value: 'ab', children: [] }];
  return simple.find((value) => schema.safeParse(value).success);
}
