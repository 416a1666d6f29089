import type { ContractEntry } from '@arcadium/mesh/contract';
import type { Holdings } from './http-call.ts';

/** The parts of JSON schemas that inputs use. */
export interface Shape {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly minimum?: number;
}

/** The schema of a procedure's input. */
export function shapeOf({ procedure }: ContractEntry): Shape {
  return procedure.input.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as Shape;
}

/**
 * A valid input, so that only the caller, or one later change, can be wrong.
 *
 * @throws Error with the field that needs a value here.
 */
export function rightInput(entry: ContractEntry, holdings: Holdings): unknown {
  return rightInputs(entry, holdings)[0];
}

/** The same for each possible shape of an input. */
export function rightInputs(entry: ContractEntry, holdings: Holdings): unknown[] {
  const shape = shapeOf(entry);
  return (shape.anyOf ?? [shape]).map((one) => {
    const input = valueFor(one, { path: entry.path, holdings });
    const parsed = entry.procedure.input.safeParse(input);
    if (parsed.success) return input;
    const where = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
    throw new Error(`${entry.path}: hostile/right-input.ts is to know a right value of ${where}`);
  });
}

function valueFor(shape: Shape, at: { path: string; holdings: Holdings; name?: string }): unknown {
  const named = at.name === undefined ? undefined : rightValue(at.path, at.name, at.holdings);
  if (named !== undefined) return named;
  if (shape.anyOf) return valueFor(shape.anyOf.find(({ type }) => type !== 'null') ?? {}, at);
  if (shape.enum) return shape.enum[0];
  if (shape.properties) {
    const { required = [] } = shape;
    const fields = Object.entries(shape.properties).filter(
      ([name]) => required.includes(name) || rightValue(at.path, name, at.holdings) !== undefined,
    );
    return Object.fromEntries(fields.map(([name, field]) => [name, valueFor(field, { ...at, name })]));
  }
  if (shape.type === 'array') return [valueFor(shape.items ?? {}, at)];
  if (shape.type === 'boolean') return true;
  if (shape.type === 'integer' || shape.type === 'number') return Math.max(shape.minimum ?? 1, 1);
  if (shape.format === 'uuid') return at.holdings.pageId;
  if (shape.format === 'date-time') return '2026-01-01T00:00:00.000Z';
  return shape.type === 'string' ? 'text' : undefined;
}

/** A valid value for a field with this name; undefined if only its schema is known. */
export function rightValue(path: string, field: string, { pageId, commentId, userId }: Holdings): unknown {
  if (field === 'id')
    return path.startsWith('comments.') ? commentId : path.startsWith('users.') ? userId : pageId;
  if (field === 'ids' && path.startsWith('outbox.')) return ['1'];
  if (field === 'ids' || field === 'userIds') return [userId];
  return {
    pageId,
    userId,
    slug: 'hostile/page',
    title: 'A title',
    body: 'Some text with a [link](hostile/other).',
    text: 'text',
    term: 'text',
    prefix: 'te',
    email: 'nobody@example.com',
    name: 'Nobody',
    password: 'four words are long',
    currentPassword: 'four words are long',
    newPassword: 'four other words are long',
    refreshToken: 'x'.repeat(43),
    code: '000000',
    service: 'nobody',
    tokenId: 'nobody',
    address: '192.0.2.1',
    key: 'hostile:1',
    topic: 'comment',
    link: '/pages/hostile',
    muted: ['page'],
    token: 'nonsense',
    upTo: pageId,
    revision: 1,
    from: 1,
    to: 1,
    depth: 1,
    limit: 1,
  }[field];
}
