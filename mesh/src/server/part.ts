import type { AnyTRPCRouter } from '@trpc/server';
import type { AnyContract } from '../contract/index.ts';
import { compile, type CompileOptions } from './call/compile.ts';
import type { Handlers } from './call/handler.ts';
import type { CompiledProcedure } from './call/procedure.ts';
import type { WireFormat } from './call/wire-format.ts';
import { buildRouter, type RouterOptions } from './trpc/router.ts';

/** Procedures of a service: of a contract (`fromContract`), or of a tRPC router (`fromRouter`). */
export interface ServicePart {
  /** Name of the service, if the part comes first. */
  readonly name: string;
  /** @default that of contracts */
  readonly format?: WireFormat;
  /** Loads what is loaded lazily; before `compile`. @default nothing */
  readonly load?: () => Promise<void>;
  /** @throws TypeError for an incomplete part */
  compile(options: CompileOptions): readonly CompiledProcedure[];
  /** The router for tRPC's adapter. */
  routerOf(compiled: readonly CompiledProcedure[], options: RouterOptions): AnyTRPCRouter;
}

/**
 * Makes a contract and its handlers a part of a service, beside others.
 *
 * @throws TypeError from `serve`, if a procedure has no handler.
 * @example
 * const parts = [fromContract(shopContract, handlers), fromRouter(appRouter, { name: 'pages', createContext })];
 * const service = await serve(parts, options);
 */
export function fromContract<From extends AnyContract>(
  contract: From,
  handlers: Handlers<From>,
): ServicePart {
  return {
    name: contract.name,
    compile: (options) => compile<From>(contract, handlers, options),
    routerOf: buildRouter,
  };
}

/** A part with its procedures. */
export interface CompiledPart {
  readonly part: ServicePart;
  readonly procedures: readonly CompiledProcedure[];
}

/** Compiles the parts of a service. @throws TypeError for a path that two parts have. */
export function compileParts(
  parts: readonly ServicePart[],
  options: CompileOptions,
): readonly CompiledPart[] {
  const paths = new Set<string>();
  return parts.map((part) => {
    const procedures = part.compile(options);
    for (const { path } of procedures) {
      if (paths.has(path))
        throw new TypeError(`${part.name}: another part of the service has ${path} as well`);
      paths.add(path);
    }
    return { part, procedures };
  });
}

/**
 * Finds the part of a path: the one that has it, or else its first group, or else the last. A client of one part that is
 * newer than the service thus gets an error that it can read.
 */
export function partFinder(parts: readonly CompiledPart[]): (path: string) => CompiledPart {
  const byName = new Map<string, CompiledPart>();
  for (const part of parts)
    for (const { path } of part.procedures) byName.set(path, part).set(path.split('.', 1)[0] ?? '', part);
  const last = parts.at(-1);
  if (!last) throw new TypeError('A service needs a contract or a router');
  return (path) => byName.get(path) ?? byName.get(path.split('.', 1)[0] ?? '') ?? last;
}

/** A contract with its handlers, or parts; and options. */
export type Served<From extends AnyContract, Options> =
  | readonly [contract: From, handlers: Handlers<From>, options: Options]
  | readonly [parts: ServicePart | readonly ServicePart[], options: Options];

/** The parts that were given in one of the two ways. */
export function partsOf<From extends AnyContract, Options>(
  served: Served<From, Options>,
): { parts: readonly ServicePart[]; options: Options } {
  if (served.length === 3) return { parts: [fromContract<From>(served[0], served[1])], options: served[2] };
  const [parts, options] = served;
  return { parts: Array.isArray(parts) ? parts : [parts as ServicePart], options };
}

/** Loads what is loaded lazily. @throws what a loader throws */
export async function loadParts(parts: readonly ServicePart[]): Promise<void> {
  await Promise.all(parts.map(async (part) => part.load?.()));
}
