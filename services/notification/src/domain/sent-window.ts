import { comparePositions, startOf, type Position } from './position.ts';

/**
 * How far a catch-up reads back behind the last notification that was sent,
 * in milliseconds. Twice the longest that a send may take to commit
 * (`SEND_TIMEOUT_MS` of the delivery store), after which its rows show up
 * behind younger ones.
 */
export const overlapMs = 10_000;

/** Most ids that one window remembers. */
const remembered = 1000;

/** Where a watch begins. */
export type Beginning = Readonly<{
  /** The last one sent, or the moment the watch began. */
  last: Position;
  /** Catch-ups never go back behind this place. */
  floor: Position;
  /** What was sent between the floor and the last one, by an earlier watch. @default nothing */
  sent?: readonly Position[];
  /**
   * What was there between the floor and the beginning, and is not to be
   * found by catch-ups; if it is announced only now, it is new. @default nothing
   */
  before?: readonly Position[];
}>;

/**
 * What one watcher was sent, so that nothing is sent twice and a catch-up
 * knows where to begin.
 *
 * Ids commit out of order, so "greater than the last" would lose some. A
 * catch-up therefore begins before the last one sent, and what is found twice
 * is told by its id. Memory is bounded: of more than 1000 ids the older half is
 * forgotten, and no catch-up goes back behind those.
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

  /** Where a catch-up begins; this place itself is not read again. */
  get start(): Position {
    const overlapping = startOf(new Date(this.#last.createdAt.getTime() - overlapMs));
    return comparePositions(overlapping, this.#floor) > 0 ? overlapping : this.#floor;
  }

  /** Takes note of something that has just arrived; false when it was sent already. */
  takeLive(position: Position): boolean {
    if (this.#sent.has(position.id)) return false;
    this.#sent.set(position.id, position);
    if (comparePositions(position, this.#last) > 0) this.#last = position;
    if (this.#sent.size > remembered) this.#forget();
    return true;
  }

  /** Takes note of something that a catch-up found; false when it was sent already, or is older than the watch. */
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
