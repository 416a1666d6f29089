import { z } from 'zod';
import {
  anyone,
  type Access,
  type AnyProcedure,
  type Priority,
  type ProcedureKind,
  type RateLimit,
} from '../../contract/index.ts';
import { longestTimerMs } from '../../wire/index.ts';

/** What the mesh needs to know of a tRPC procedure, which a contract would say. */
export type ProcedureSettings = Readonly<{
  /** Who may call it, checked before its middlewares. @default that of the router, or `anyone` */
  access?: Access | undefined;
  /**
   * Whether a repeated call changes nothing more. `by-key`: calls carry an idempotency key, and the procedure must take
   * the `claim` that `createContext` gets. Queries are always idempotent. @default false
   */
  idempotent?: boolean | 'by-key' | undefined;
  /** Longest time for a call, in milliseconds. @default that of the router, or 5000 for services, 10000 for others */
  timeoutMs?: number | undefined;
  /** Order of refusal under overload. @default 'normal' */
  priority?: Priority | undefined;
  /** Limit per address for all callers: `{ calls: 30, perMs: 60_000 }`. @default none */
  rateLimit?: RateLimit | undefined;
  /** One line for the API page. @default empty */
  summary?: string | undefined;
}>;

/**
 * The `meta` of a router whose procedures have settings for the mesh.
 *
 * @example
 * const t = initTRPC.meta<MeshMeta>().create();
 * const order = t.procedure.meta({ mesh: { access: user, idempotent: true } }).mutation(() => 'ordered');
 */
export interface MeshMeta {
  mesh?: ProcedureSettings;
}

/** Settings by path, such as `orders.place`, or for all of a group: `orders.*`. */
export type SettingsByPath = Readonly<Record<string, ProcedureSettings>>;

const settingsSchema = z.strictObject({
  access: z
    .custom<Access>(
      (value) => Array.isArray((value as Access | undefined)?.alternatives),
      'must be an access rule, such as `user`',
    )
    .optional(),
  idempotent: z.union([z.boolean(), z.literal('by-key')]).optional(),
  timeoutMs: z.number().positive().max(longestTimerMs).optional(),
  priority: z.enum(['critical', 'normal', 'sheddable']).optional(),
  rateLimit: z
    .strictObject({ calls: z.int().positive(), perMs: z.int().positive().multipleOf(1000) })
    .optional(),
  summary: z.string().optional(),
});

/** The settings of a procedure, and where they were written. */
interface Source {
  readonly where: string;
  readonly settings: unknown;
}

interface Described {
  readonly path: string;
  readonly kind: ProcedureKind;
  readonly meta: unknown;
  /** The parsers of its inputs, each of which must take it. */
  readonly inputs: readonly unknown[];
  readonly output: unknown;
}

/**
 * Describes a tRPC procedure as a contract would. Its path's settings win over its `meta`, that over those of its group,
 * the nearest first, and those over the router's. Its own parsers check input and output.
 *
 * @throws TypeError for invalid settings.
 */
export function describe(
  { path, kind, meta, inputs, output }: Described,
  byPath: SettingsByPath,
  defaults: ProcedureSettings,
): AnyProcedure {
  const sources: readonly Source[] = [
    { where: `procedures['${path}']`, settings: byPath[path] },
    { where: `meta.mesh of ${path}`, settings: (meta as MeshMeta | null | undefined)?.mesh },
    ...groupsOf(path).map((group) => ({ where: `procedures['${group}']`, settings: byPath[group] })),
    { where: 'the options', settings: defaults },
  ];
  const merged: ProcedureSettings = Object.assign({}, ...sources.map(parse).toReversed());
  return Object.freeze({
    kind,
    summary: merged.summary ?? '',
    input: z.unknown(),
    output: z.unknown(),
    schemas: {
      input:
        inputs.length === 0 ? z.void() : inputs.map(schemaOf).reduce((all, one) => z.intersection(all, one)),
      output: schemaOf(output),
    },
    access: merged.access ?? anyone,
    idempotent: kind === 'mutation' ? (merged.idempotent ?? false) : true,
    priority: merged.priority ?? 'normal',
    hedge: false,
    timeoutMs: merged.timeoutMs,
    rateLimit: merged.rateLimit,
    errors: {},
    examples: [],
  });
}

/** The schema that a parser is, if it is one of zod 4; others do not say what they take. */
function schemaOf(parser: unknown): z.ZodType {
  return typeof parser === 'object' && parser !== null && '_zod' in parser
    ? (parser as z.ZodType)
    : z.unknown();
}

/** @throws TypeError if `byPath` names a procedure or a group that is not there. */
export function mustExist(byPath: SettingsByPath, paths: readonly string[]): void {
  const known = new Set(paths.flatMap((path) => [path, ...groupsOf(path)]));
  for (const name of Object.keys(byPath))
    if (!known.has(name))
      throw new TypeError(`procedures['${name}'] is not a procedure or a group of the router`);
}

function parse({ where, settings }: Source): ProcedureSettings {
  if (settings === undefined) return {};
  const parsed = settingsSchema.safeParse(settings);
  if (!parsed.success) throw new TypeError(`${where}: ${z.prettifyError(parsed.error)}`);
  return Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined));
}

/** `a.b.*` and `a.*` of `a.b.c`. */
function groupsOf(path: string): string[] {
  const names = path.split('.').slice(0, -1);
  return names.map((_, index) => `${names.slice(0, names.length - index).join('.')}.*`);
}
