import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';

type Exports = Record<string, unknown>;

interface Glue {
  SchemaEngine: typeof SchemaEngine;
  __wbg_set_wasm(exports: Exports): void;
}

// TypeScript declares this only in its library for browsers.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Exports } }>;
  };
};

// The engine's panic hook calls this. Thrown from there, the reason ends the process instead of a bare
// "unreachable".
Object.assign(globalThis, {
  PRISMA_WASM_PANIC_REGISTRY: {
    set_message(message: string): never {
      throw new Error(`Prisma's schema engine gave up: ${message}`);
    },
  },
});

let loading: Promise<typeof SchemaEngine> | undefined;

/**
 * Loads Prisma's schema engine once. By hand instead of through the package's entry, which imports the
 * `.wasm` file as a module: Node prints an experimental warning for that, and test runners refuse it.
 */
async function load(): Promise<typeof SchemaEngine> {
  const name: string = '@prisma/schema-engine-wasm/schema_engine_bg';
  const glue = (await import(name)) as Glue;
  const folder = dirname(createRequire(import.meta.url).resolve(name));
  const bytes = await readFile(join(folder, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return glue.SchemaEngine;
}

/**
 * Prisma's schema engine in this process. Free it with `free()`.
 *
 * @param factory Its connections.
 * @param schema Content of `schema.prisma`; only for `diff` and `createMigration`.
 */
export async function openSchemaEngine(
  factory: SqlMigrationAwareDriverAdapterFactory,
  schema?: { path: string; content: string },
): Promise<SchemaEngine> {
  const Engine = await (loading ??= load());
  const datamodels = schema ? [[schema.path, schema.content] satisfies [string, string]] : undefined;
  return Engine.new({ datamodels }, () => {}, bindMigrationAwareSqlAdapterFactory(factory));
}
