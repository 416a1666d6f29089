/**
 * What a service has started, ended in reverse order, also if one of the ends fails. Node 22 has no
 * AsyncDisposableStack.
 */
export class DisposalStack implements AsyncDisposable {
  readonly #ends: (() => unknown)[];

  constructor(ends: readonly (() => unknown)[] = []) {
    this.#ends = [...ends];
  }

  defer(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Hands everything over to a new object: disposing of this one then does nothing. */
  move(): DisposalStack {
    return new DisposalStack(this.#ends.splice(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endAll(this.#ends);
  }
}

async function endAll(ends: (() => unknown)[]): Promise<void> {
  const end = ends.pop();
  if (end === undefined) return;
  // The rest ends when this function does, which reports the failures of both.
  await using _rest = { [Symbol.asyncDispose]: () => endAll(ends) };
  await end();
}
