import { listen } from './listen.ts';

/** Several signals as one, without a listener on any of them until somebody waits. */
export class Gone {
  readonly #signals: readonly AbortSignal[];
  #listening: { remove(): void }[] = [];

  constructor(signals: readonly AbortSignal[]) {
    this.#signals = signals;
  }

  get aborted(): boolean {
    return this.#signals.some(({ aborted }) => aborted);
  }

  get reason(): unknown {
    return this.#signals.find(({ aborted }) => aborted)?.reason;
  }

  throwIfAborted(): void {
    for (const signal of this.#signals) signal.throwIfAborted();
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listening = this.#signals.map((signal) => listen(signal, listener));
  }

  removeEventListener(): void {
    for (const entry of this.#listening) entry.remove();
    this.#listening = [];
  }
}
