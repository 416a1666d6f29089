import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { root } from './process.ts';

/** A message in the code, with `…` for each value. */
export interface LogMessage {
  /** Its file, relative to the repository. */
  readonly file: string;
  readonly text: string;
}

/** A node of the syntax tree, of any kind. */
type Node = Readonly<Record<string, unknown> & { type: string }>;

/** Methods that log warnings and errors, including those of `Outage` and `RefusalLog`. */
const severe = new Set(['warn', 'error', 'begin', '#say']);

const services = ['mesh/src', 'postgres/src', 'prisma/src', 'services/*/src'];
const notPrinted = /\.test(-d)?\.ts$|\/testing\//;

/** All messages in the source of the mesh and the services that may be logged at `warn` or `error`. */
export function severeMessages(): LogMessage[] {
  return filesOf(services).flatMap((file) => {
    const program = programOf(file);
    const named = namedIn(program);
    return [...nodesIn(program)]
      .filter((node) => isSevereCall(node, named))
      .flatMap((call) => textsOf((call['arguments'] as Node[])[1], named))
      .map((text) => ({ file, text }));
  });
}

/** All texts in the source, including the command line's, with `…` for each value. */
export function allTexts(): string[] {
  return filesOf([...services, 'cli/src']).flatMap((file) =>
    [...nodesIn(programOf(file))].flatMap((node) => textsOf(node, new Map())),
  );
}

function filesOf(folders: readonly string[]): string[] {
  const patterns = folders.map((folder) => `${folder}/**/*.ts`);
  return globSync(patterns, { cwd: root }).filter((file) => !notPrinted.test(file));
}

function programOf(file: string): Node {
  const { program, errors } = parseSync(file, readFileSync(join(root, file), 'utf8'));
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  return program as unknown as Node;
}

function* nodesIn(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value) && 'type' in value) yield value as Node;
  for (const part of Object.values(value)) yield* nodesIn(part);
}

/**
 * A call with fields and a message, of one of those methods, or of `log[level]` with a possible level among
 * them.
 */
function isSevereCall({ type, callee, arguments: given }: Node, named: ReadonlyMap<string, Node[]>): boolean {
  if (type !== 'CallExpression' || (given as Node[]).length !== 2) return false;
  const { type: kind, computed, property } = callee as Node;
  if (kind !== 'MemberExpression') return false;
  const { type: propertyType, name } = property as Node;
  if (computed !== true)
    return severe.has(propertyType === 'PrivateIdentifier' ? `#${String(name)}` : String(name));
  const levels = textsOf(property as Node, named);
  return levels.length === 0 || levels.some((level) => severe.has(level));
}

/** The values of a file's constants and properties, by name. */
function namedIn(program: Node): Map<string, Node[]> {
  const found = new Map<string, Node[]>();
  for (const { type, id, key, init, value } of nodesIn(program)) {
    const [name, made] = type === 'VariableDeclarator' ? [id, init] : type === 'Property' ? [key, value] : [];
    if ((name as Node | undefined)?.type !== 'Identifier' || !made) continue;
    const text = String((name as Node)['name']);
    found.set(text, [...(found.get(text) ?? []), made as Node]);
  }
  return found;
}

/** The possible texts of an expression. */
function textsOf(node: Node | undefined, named: ReadonlyMap<string, Node[]>): string[] {
  const ofName = (name: unknown) =>
    (named.get(String((name as Node)['name'])) ?? []).flatMap((made) => textsOf(made, new Map()));
  switch (node?.type) {
    case 'Literal':
      return typeof node['value'] === 'string' ? [node['value']] : [];
    case 'TemplateLiteral': {
      const quasis = node['quasis'] as { value: { cooked: string } }[];
      return [quasis.map(({ value }) => value.cooked).join('…')];
    }
    case 'ConditionalExpression':
      return [node['consequent'], node['alternate']].flatMap((one) => textsOf(one as Node, named));
    case 'Identifier':
      return ofName(node);
    case 'MemberExpression':
      return ofName(node['property']);
    default:
      return [];
  }
}
