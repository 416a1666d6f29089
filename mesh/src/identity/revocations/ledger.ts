import { SteadyClock } from '../../clock/index.ts';
import { RevocationSet } from './set.ts';
import type { ReadRevocations } from './source.ts';

/** A cursor in the source's order. */
export interface Reader {
  /** Position up to which it has read. */
  after: number;
  /** Identity of the order that it reads; events of an earlier order are void. */
  order: object;
}

/**
 * Result of an event: `current`, the source has nothing more; `more`, it has; `known`, the event is older than what is
 * held; `void`, its reader has to start again.
 */
export type Taken = 'current' | 'more' | 'known' | 'void';

/**
 * The revocations held, and the position up to which they are complete. Readers
 * may bring an event twice, or late: the position never goes back within an
 * order. When the source starts a new order, everything is loaded again; what
 * was held stays in force until that is complete.
 */
export class RevocationLedger {
  /** The revocations in force. */
  readonly set: RevocationSet;
  readonly #clock: SteadyClock;
  readonly #onChange: () => void;
  #position = 0;
  /** A load of everything, not complete yet. */
  #loading: { readonly set: RevocationSet; position: number } | undefined;
  #order: object = {};

  /**
   * @param onChange Called when what is held has changed.
   * @param clock Decides when entries have expired. @default its own
   */
  constructor(onChange: () => void, clock: SteadyClock = new SteadyClock()) {
    this.#onChange = onChange;
    this.#clock = clock;
    this.set = new RevocationSet(clock);
    this.startOver();
  }

  /** Position up to which everything is held. */
  get position(): number {
    return this.#position;
  }

  /** A reader that continues after the last event taken. */
  reader(): Reader {
    return { after: this.#cursor, order: this.#order };
  }

  /** Puts a local copy in force, until everything is loaded from the source. */
  restore({ set, position }: { set: RevocationSet; position: number }): void {
    this.set.replaceAll(set);
    this.#position = position;
  }

  /** Loads everything again; all readers become void. */
  startOver(): void {
    this.#loading?.set.close();
    this.#loading = { set: new RevocationSet(this.#clock), position: 0 };
    this.#order = {};
  }

  take(event: ReadRevocations, reader: Reader): Taken {
    if (reader.order !== this.#order) return 'void';
    if (event.reset) {
      // The new order starts with this event, for this reader only.
      this.startOver();
      reader.order = this.#order;
    } else if (event.position < reader.after) {
      // The source has a new order, and did not say so.
      this.startOver();
      return 'void';
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
    // In force at once, even if a load is not complete.
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
