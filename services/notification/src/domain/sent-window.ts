import { comparePositions, startOf, type Position } from './position.ts';

/**
 * How far before the last sent notification a catch-up starts to read, in milliseconds. Twice the longest
 * time for a send to commit (`SEND_TIMEOUT_MS` of the delivery store), after which its rows can appear behind
 * younger ones.
 */
export const overlapMs = 10_000;

/** Most ids in a window. */
const remembered = 1000;

/** The start of a watch. */
export type Beginning = Readonly<{
  /** The last one sent, or the time at which the watch began. */
  last: Position;
  /** Catch-ups never read before this position. */
  floor: Position;
  /** What an earlier watch sent between the floor and the last one. @default nothing */
  sent?: readonly Position[];
  /**
   * What was stored between the floor and the start of the watch, and must not be found by catch-ups; if it
   * is announced only now, it is new.
   *
   * @default nothing
   */
  before?: readonly Position[];
}>;

/**
 * What one watcher was sent, so that nothing is sent twice and a catch-up knows where to start.
 *
 * Ids commit out of order, so "greater than the last" would lose some. A catch-up therefore starts before the
 * last one sent, and recognises what was sent by its id. Memory is bounded: of more than 1000 ids the older
 * half is forgotten, and catch-ups never read before the rest.
 */
export class SentWindow {
  readonly #before: ReadonlySet<string>;
  readonly #sent: Map<string, Position>;
  #floor: Position;
  #last: Position;

  constructor({ last, floor, before, sent }: Beginning) {
    this.#last = last;
    this.#floor = floor;
    this.#before = new Set(before?.map(({ id }) => id));
    this.#sent = new Map(sent?.map((position) => [position.id, position]));
  }

  /** Where a catch-up starts, exclusive. */
  get start(): Position {
    const overlapping = startOf(new Date(this.#last.createdAt.getTime() - overlapMs));
    return comparePositions(overlapping, this.#floor) > 0 ? overlapping : this.#floor;
  }

  /** Records a notification that has just arrived. @returns False if it was already sent. */
  takeLive(position: Position): boolean {
    if (this.#sent.has(position.id)) return false;
    this.#sent.set(position.id, position);
    if (comparePositions(position, this.#last) > 0) this.#last = position;
    if (this.#sent.size > remembered) this.#forget();
    return true;
  }

  /**
   * Records a notification that a catch-up found.
   *
   * @returns False if it was already sent, or is older than the watch.
   */
  takeStored(position: Position): boolean {
    return !this.#before.has(position.id) && this.takeLive(position);
  }

  #forget(): void {
    const oldestFirst = [...this.#sent.values()].toSorted(comparePositions);
    for (const position of oldestFirst.slice(0, remembered / 2)) {
      this.#sent.delete(position.id);
      if (comparePositions(position, this.#floor) > 0) this.#floor = position;
    }
  }
}
