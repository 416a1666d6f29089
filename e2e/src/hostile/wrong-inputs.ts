import type { ContractEntry } from '@arcadium/mesh/contract';
import type { Holdings } from './http-call.ts';
import { oddCursors, oddLimits, oddValues } from './odd-values.ts';
import { rightInputs, shapeOf, type Shape } from './right-input.ts';

/** A position in an input. */
type Path = readonly (string | number)[];

/** An input that its schema rejects. */
export interface WrongInput {
  /** What is wrong, such as `title: 1e999`. */
  readonly what: string;
  /** JSON text as sent, because JavaScript values cannot become a lone surrogate. */
  readonly text: string;
}

/** Values that hardly any field accepts, besides the odd values. */
const wrongValues: readonly string[] = [
  ...oddValues,
  ...oddLimits,
  '"x"',
  '"2026-13-01T00:00:00Z"',
  '"0190a5d0-ac96-774b-bcce"',
  `[${Array.from({ length: 1001 }, () => '"x"').join()}]`,
  `"${'x'.repeat(10_000)}"`,
];

/** Values that are not allowed as whole inputs. */
const wrongWholes: readonly string[] = ['null', 'true', '0', '"x"', '[]', '[{}]', '[null]', '{"":{}}'];

/**
 * Inputs of a procedure with exactly one error: each field and each list item with everything that its schema
 * rejects, each required field missing, and the whole input. New fields are included automatically.
 */
export function wrongInputs(entry: ContractEntry, holdings: Holdings): WrongInput[] {
  const candidates = wrongWholes.map((text) => ({ what: `all of it: ${text}`, text }));
  const shape = shapeOf(entry);
  for (const right of rightInputs(entry, holdings)) {
    for (const path of pathsOf(shape)) {
      const name = path.join('.');
      const without = replaced(right, path, undefined);
      if (without !== undefined) candidates.push({ what: `no ${name}`, text: without });
      for (const value of path.at(-1) === 'cursor' ? [...wrongValues, ...oddCursors] : wrongValues) {
        const text = replaced(right, path, value);
        if (text !== undefined) candidates.push({ what: `${name}: ${value.slice(0, 60)}`, text });
      }
    }
  }
  const { input } = entry.procedure;
  // Many clients send null for no input.
  const isRight = (text: string) =>
    input.safeParse(JSON.parse(text)).success || (input.type === 'void' && text === 'null');
  return candidates.filter(({ text }) => isJson(text) && !isRight(text));
}

/** The paths of all fields, and of the first item of each list. */
export function pathsOf(shape: Shape, at: Path = []): Path[] {
  const paths: Path[] = at.length > 0 ? [at] : [];
  for (const one of shape.anyOf ?? [])
    paths.push(...pathsOf(one, at).filter((path) => path.length > at.length));
  for (const [name, field] of Object.entries(shape.properties ?? {}))
    paths.push(...pathsOf(field, [...at, name]));
  if (shape.items) paths.push(...pathsOf(shape.items, [...at, 0]));
  return paths;
}

const hole = 'what is here is replaced in the text';

/**
 * The text of an input with another text at one path, or without it.
 *
 * @returns undefined if the input has no such path.
 */
function replaced(input: unknown, path: Path, text: string | undefined): string | undefined {
  const copy: unknown = structuredClone(input);
  let parent = copy;
  for (const key of path.slice(0, -1)) {
    if (typeof parent !== 'object' || parent === null) return undefined;
    parent = (parent as Record<string | number, unknown>)[key];
  }
  if (typeof parent !== 'object' || parent === null) return undefined;
  const last = path.at(-1) ?? '';
  const fields = parent as Record<string | number, unknown>;
  if (text === undefined) delete fields[last];
  else fields[last] = hole;
  return JSON.stringify(copy).replace(`"${hole}"`, () => text ?? '');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
