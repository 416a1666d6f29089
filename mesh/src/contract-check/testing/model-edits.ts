import { patternNames, refinementNames, type Field, type Fields, type Model } from './model.ts';

/** Every single edit of a model that this knows, at every place. Each result is another schema. */
export function editsOf(model: Model): readonly Model[] {
  return [...ownEdits(model), ...retyped(model), ...partEdits(model)];
}

/** Edits of the whole. */
function retyped(model: Model): Model[] {
  const others: Model[] = [
    { type: 'text' },
    { type: 'int' },
    { type: 'flag' },
    { type: 'any' },
    { type: 'list', of: model },
    { type: 'record', of: model },
    { type: 'object', unknown: 'strip', fields: { inner: { of: model, presence: 'required' } } },
  ];
  const changed = others.filter(({ type }) => type !== model.type);
  if (model.type === 'any') return changed;
  return [...changed, model.type === 'nullable' ? model.of : { type: 'nullable', of: model }];
}

function ownEdits(model: Model): Model[] {
  switch (model.type) {
    case 'text': {
      const { pattern, refine, trim = false, note, ...rest } = model;
      const others = [undefined, ...patternNames].filter((name) => name !== pattern);
      const functions = [undefined, ...refinementNames].filter((name) => name !== refine);
      return [
        ...boundEdits(model),
        ...others.map((name): Model => ({ ...model, pattern: name })),
        ...functions.map((name): Model => ({ ...model, refine: name })),
        { ...model, trim: !trim },
        { ...model, note: `${note ?? ''}.` },
        ...(pattern === undefined && refine === undefined && Object.keys(rest).length === 1 && !trim
          ? [
              { type: 'enum', values: ['a', 'b'] } as const,
              { type: 'union', members: [{ type: 'text' }, { type: 'int' }] } as const,
            ]
          : []),
      ];
    }
    case 'int':
    case 'number': {
      const steps = [undefined, 2, 3, 4, 8].filter((step) => step !== model.step);
      const type = model.type === 'int' ? 'number' : 'int';
      return [
        ...boundEdits(model),
        ...steps.map((step): Model => ({ ...model, step }) as Model),
        { ...model, type },
      ];
    }
    case 'enum': {
      const { values } = model;
      const fewer = values.slice(1) as unknown as typeof values;
      return [
        { type: 'enum', values: [...values, 'new'] },
        { type: 'text' },
        ...(values.length > 1 ? [{ type: 'enum', values: fewer } as const] : []),
        { type: 'enum', values: ['other', ...fewer] },
      ];
    }
    case 'list':
      return [...boundEdits(model), { type: 'tuple', items: [model.of], rest: undefined }];
    case 'tuple': {
      const { items, rest } = model;
      return [
        { ...model, items: [...items, { type: 'flag' }] },
        { ...model, rest: rest ? undefined : { type: 'flag' } },
        ...(items.length > 1 ? [{ ...model, items: items.slice(1) }] : []),
        { type: 'list', of: items[0] ?? { type: 'any' } },
      ];
    }
    case 'union':
      return [
        { type: 'union', members: [...model.members, { type: 'list', of: { type: 'flag' } }] },
        ...model.members,
      ];
    case 'choice': {
      const [first, ...others] = Object.entries(model.members);
      return [
        {
          type: 'choice',
          members: { ...model.members, added: { of: { of: { type: 'flag' }, presence: 'required' } } },
        },
        ...(first && others.length > 0
          ? [{ type: 'choice', members: Object.fromEntries(others) } as const]
          : []),
      ];
    }
    case 'object': {
      const modes = (['strip', 'strict', 'loose'] as const).filter((mode) => mode !== model.unknown);
      return modes.map((unknown) => ({ ...model, unknown }));
    }
    case 'record':
      return [{ type: 'object', unknown: 'strip', fields: { a: { of: model.of, presence: 'optional' } } }];
    case 'flag':
    case 'any':
    case 'nullable':
    case 'tree':
      return [];
    default:
      return model satisfies never;
  }
}

function boundEdits(model: Extract<Model, { min?: number; max?: number }>): Model[] {
  const { min, max } = model;
  return [
    { ...model, min: min === undefined ? 1 : min + 1 },
    ...(min === undefined ? [] : [{ ...model, min: min - 1 }, withoutKey(model, 'min')]),
    { ...model, max: max === undefined ? 9 : max + 1 },
    ...(max === undefined ? [] : [{ ...model, max: max - 1 }, withoutKey(model, 'max')]),
  ] as Model[];
}

function withoutKey<From extends object>(from: From, key: keyof From): From {
  const { [key]: _left, ...rest } = from;
  return rest as From;
}

/** Edits of the parts. */
function partEdits(model: Model): Model[] {
  switch (model.type) {
    case 'nullable':
      // A nullable of anything is anything.
      return editsOf(model.of)
        .filter(({ type }) => type !== 'nullable' && type !== 'any')
        .map((of) => ({ ...model, of }));
    case 'tree':
    case 'list':
    case 'record':
      return editsOf(model.of).map((of) => ({ ...model, of }));
    case 'tuple':
      return model.items.flatMap((item, index) =>
        editsOf(item).map((edited) => ({ ...model, items: model.items.with(index, edited) })),
      );
    case 'choice':
      return Object.entries(model.members).flatMap(([kind, fields]) =>
        fieldEdits(fields).map((edited) => ({ ...model, members: { ...model.members, [kind]: edited } })),
      );
    case 'object':
      return fieldEdits(model.fields).map((fields) => ({ ...model, fields }));
    default:
      return [];
  }
}

function fieldEdits(fields: Fields): Fields[] {
  const whole: Fields[] = (['required', 'optional'] as const).map((presence) => ({
    ...fields,
    added: { of: { type: 'text' }, presence },
  }));
  const each = Object.entries(fields).flatMap(([name, field]): Fields[] => {
    const changed = (next: Field): Fields => ({ ...fields, [name]: next });
    const presences = (['required', 'optional'] as const).filter((presence) => presence !== field.presence);
    // A default may not match an edited schema.
    const parts = field.presence === 'default' ? [] : editsOf(field.of);
    return [
      withoutKey(fields, name),
      ...presences.filter(() => field.of.type !== 'any').map((presence) => changed({ ...field, presence })),
      ...parts.map((of) => changed({ ...field, of })),
    ];
  });
  return [...whole, ...each.filter((one) => Object.keys(one).length > 0)];
}
