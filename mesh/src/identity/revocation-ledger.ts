import { SteadyClock } from '../clock/index.ts';
import { RevocationSet } from './revocation-set.ts';
import type { ReadRevocations } from './revocation-source.ts';

/** One who reads the order of revocations, event by event. */
export interface Reader {
  /** The position that it has read to. */
  after: number;
  /** Which order it reads: what it has to say of an earlier one is void. */
  order: object;
}

/**
 * What an event was: `current`, all that there is has been taken in; `more`, there is more; `known`, it is older than
 * what is held; `void`, its reader has to begin again.
 */
export type Taken = 'current' | 'more' | 'known' | 'void';

/** A loading of everything from the start. */
interface Loading {
  readonly set: RevocationSet;
  position: number;
}

/**
 * What is held, and up to where. Readers may bring the same twice, or late: a
 * position never goes back, but where the order itself has begun anew. Then
 * everything is loaded from the start, and what was held stays in force until
 * that is done.
 */
export class RevocationLedger {
  /** What is in force. */
  readonly set: RevocationSet;
  readonly #clock: SteadyClock;
  #position = 0;
  #loading: Loading | undefined;
  #order: object = {};
  readonly #onChange: () => void;

  /**
   * @param onChange Told when what is held has changed.
   * @param clock What entries are forgotten by. @default one of its own
   */
  constructor(onChange: () => void, clock: SteadyClock = new SteadyClock()) {
    this.#onChange = onChange;
    this.#clock = clock;
    this.set = new RevocationSet(clock);
    this.startOver();
  }

  /** Up to where everything is held. */
  get position(): number {
    return this.#position;
  }

  /** One that goes on where reading has got to. */
  reader(): Reader {
    return { after: this.#cursor, order: this.#order };
  }

  /** Whether a reader need not begin again. */
  isCurrent({ order }: Reader): boolean {
    return order === this.#order;
  }

  /** Holds what was held when the process ended before; to be loaded from the start nevertheless. */
  restore(held: { position: number; set: RevocationSet }): void {
    this.set.replaceAll(held.set);
    this.#position = held.position;
  }

  /** Loads everything from the start. */
  startOver(): void {
    this.#loading?.set.close();
    this.#loading = { set: new RevocationSet(this.#clock), position: 0 };
    this.#order = {};
  }

  /** Takes in what a reader has read. */
  take(event: ReadRevocations, reader: Reader): Taken {
    if (!this.isCurrent(reader)) return 'void';
    if (!event.reset && event.position < reader.after) {
      // The order ends before what was read of it: it is another one.
      this.startOver();
      return 'void';
    }
    if (event.reset) {
      // What follows comes in the new order, to this reader alone.
      this.startOver();
      Object.assign(reader, this.reader());
    }
    reader.after = event.position;
    if (event.position < this.#cursor) return 'known';
    this.#add(event);
    return event.complete ? 'current' : 'more';
  }

  get #cursor(): number {
    return this.#loading?.position ?? this.#position;
  }

  #add({ items, position, complete }: ReadRevocations): void {
    const loading = this.#loading;
    const changed = items.length > 0 || position !== this.#cursor || (loading !== undefined && complete);
    // In force at once, also where the rest is still to come.
    this.set.add(items);
    if (loading) {
      loading.set.add(items);
      loading.position = position;
      if (complete) {
        this.set.replaceAll(loading.set);
        this.#loading = undefined;
      }
    }
    if (!this.#loading) this.#position = position;
    if (changed) this.#onChange();
  }
}
