import { expect, test } from 'vitest';
import { z } from 'zod';
import { anyone, contract, nobody, query } from '../../contract/index.ts';
import { currentScope } from '../../telemetry/index.ts';
import { silentLogger as log } from '../../testing/index.ts';
import { compile } from './compile.ts';
import { rawCallOf } from './raw-call.ts';

const shelf = contract('shelf', {
  read: query({ summary: 'Says which call it belongs to', output: z.string(), access: anyone }),
});

/** Starts on `then`, as Prisma's queries do. */
class LazyQuery extends Promise<string> {
  readonly #begin: (resolve: (id: string) => void) => void;

  constructor(begin: (resolve: (id: string) => void) => void) {
    super(() => {});
    this.#begin = begin;
  }

  static override get [Symbol.species]() {
    return Promise;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- starting here is the point
  override then<Done = string, Failed = never>(
    onDone?: ((id: string) => Done | PromiseLike<Done>) | null,
    onFailed?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Done | Failed> {
    return new Promise<string>(this.#begin).then(onDone, onFailed);
  }
}

test('lazy work that a handler returns runs in the scope of the call', async () => {
  const read = () => new LazyQuery((resolve) => resolve(currentScope()?.requestId ?? 'none'));
  const [compiled] = compile(shelf, { read }, { log });
  const call = rawCallOf({ requestId: 'r-1', caller: nobody }, { readInput: () => undefined });
  expect(await compiled?.call(call)).toBe('r-1');
});
