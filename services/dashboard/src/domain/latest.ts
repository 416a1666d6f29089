/** A value that changes; followers get the latest one. A slow follower misses values instead of queueing them. */
export class Latest<Value> {
  #current: { readonly value: Value } | undefined;
  #changed = Promise.withResolvers<void>();

  set(value: Value): void {
    this.#current = { value };
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** The value now, if there is one, then each change, until the signal fires. */
  async *follow(signal: AbortSignal): AsyncGenerator<Value> {
    const ended = Promise.withResolvers<void>();
    const end = (): void => ended.resolve();
    signal.addEventListener('abort', end, { once: true });
    try {
      let sent: { readonly value: Value } | undefined;
      while (!signal.aborted) {
        if (this.#current && this.#current !== sent) {
          sent = this.#current;
          yield sent.value;
        } else await Promise.race([this.#changed.promise, ended.promise]);
      }
    } finally {
      signal.removeEventListener('abort', end);
    }
  }
}
