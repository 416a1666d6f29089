import { comparePositions, startOf, type Position } from './position.ts';

/**
 * How far a catch-up reads back behind the last notification that was sent,
 * in milliseconds. Twice the longest that a send may take to commit
 * (`SEND_TIMEOUT_MS` of the delivery store), after which its rows show up
 * behind younger ones.
 */
export const OVERLAP_MS = 10_000;

/** Most ids that one window remembers. */
const REMEMBERED = 1000;

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
  readonly #sent = new Map<string, Position>();
  #floor: Position;
  #last: Position;

  /**
   * @param floor Catch-ups never go back behind this place.
   * @param before Ids after the floor that were there when the watch began and are none of its business.
   */
  constructor(floor: Position, before: Iterable<string> = []) {
    this.#floor = floor;
    this.#last = floor;
    this.#before = new Set(before);
  }

  /** Where a catch-up begins; this place itself is not read again. */
  get start(): Position {
    const overlapping = startOf(new Date(this.#last.createdAt.getTime() - OVERLAP_MS));
    return comparePositions(overlapping, this.#floor) > 0 ? overlapping : this.#floor;
  }

  /** Takes note of something that has just arrived; false when it was sent already. */
  takeLive(position: Position): boolean {
    if (this.#sent.has(position.id)) return false;
    this.#sent.set(position.id, position);
    if (comparePositions(position, this.#last) > 0) this.#last = position;
    if (this.#sent.size > REMEMBERED) this.#forget();
    return true;
  }

  /** Takes note of something that a catch-up found; false when it was sent already, or is older than the watch. */
  takeStored(position: Position): boolean {
    return !this.#before.has(position.id) && this.takeLive(position);
  }

  #forget(): void {
    const oldestFirst = [...this.#sent.values()].toSorted(comparePositions);
    for (const position of oldestFirst.slice(0, REMEMBERED / 2)) {
      this.#sent.delete(position.id);
      if (comparePositions(position, this.#floor) > 0) this.#floor = position;
    }
  }
}
