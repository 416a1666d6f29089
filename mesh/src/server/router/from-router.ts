import type { AnyTRPCProcedure, AnyTRPCRouter, inferRouterContext } from '@trpc/server';
import { bind, type BoundEntry } from '../call/compile.ts';
import type { ServicePart } from '../part.ts';
import { adapterRouter } from './adapter-router.ts';
import type { CreateRouterContext } from './router-context.ts';
import { RouterFormat, type Hooks } from './router-format.ts';
import { handlerOf } from './router-handler.ts';
import { describe, mustExist, type ProcedureSettings, type SettingsByPath } from './settings.ts';

export interface FromRouterOptions<Context>
  extends Hooks, Pick<ProcedureSettings, 'access' | 'timeoutMs' | 'priority'> {
  /** Name of the service, as in logs, metrics and `/health`. */
  name: string;
  /** Makes the context of a call; it gets the verified caller. @default no context */
  createContext?: CreateRouterContext<Context>;
  /**
   * Settings by path, or by group with `*`: `{ 'orders.place': { idempotent: 'by-key' }, 'admin.*': { access: admin } }`.
   * They win over `meta.mesh`. @default none
   */
  procedures?: SettingsByPath;
}

/**
 * Makes an existing tRPC router something that `serve` and `mount` take. Its context, middlewares, transformer, error
 * formatter, lazy routers and meta hold, and stock clients get the answers of tRPC's own adapters. Each call passes the
 * mesh's steps first: rate limit, capacity, identity, access, deadline. Lazy routers are loaded when the service starts.
 * A refused call, and one of an unknown procedure, has no context: error formatters get `ctx: undefined`.
 *
 * @throws TypeError from `serve`, for invalid settings.
 * @example
 * ```ts
 * const part = fromRouter(appRouter, { name: 'shop', createContext: ({ caller }) => ({ user: caller.user }) });
 * const service = await serve(part, { port: 3000, version: '1.0.0' });
 * ```
 */
export function fromRouter<Router extends AnyTRPCRouter>(
  router: Router,
  options: FromRouterOptions<inferRouterContext<Router>>,
): ServicePart {
  const { name, createContext, procedures = {}, access, timeoutMs, priority } = options;
  const format = new RouterFormat(router, options);
  return {
    name,
    format,
    load: () => loadLazy(router),
    compile(compiling) {
      const entries = Object.entries(router._def.procedures as Record<string, AnyTRPCProcedure>);
      mustExist(
        procedures,
        entries.map(([path]) => path),
      );
      const bound = entries.map(([path, procedure]): BoundEntry => {
        const { type: kind, meta } = procedure._def;
        const { inputs = [], output } = procedure._def as { inputs?: readonly unknown[]; output?: unknown };
        const defaults = { access, timeoutMs, priority };
        return {
          path,
          procedure: describe({ path, kind, meta, inputs, output }, procedures, defaults),
          handler: handlerOf(procedure, createContext),
          format,
        };
      });
      return bind(name, bound, compiling);
    },
    routerOf: (compiled, routing) => adapterRouter(router, compiled, routing),
  };
}

/** A lazy router may hold others. */
async function loadLazy({ _def }: AnyTRPCRouter): Promise<void> {
  for (;;) {
    const loaders = Object.values(_def.lazy);
    if (loaders.length === 0) return;
    await Promise.all(loaders.map((loader) => loader.load()));
  }
}
