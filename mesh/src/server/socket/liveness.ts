import { randomBytes } from 'node:crypto';
import { beatMs, Stall, type Link } from '../http/stall.ts';

/** Fewest bytes that a live peer reads or sends per beat: 16 KiB per second. */
const leastPerBeat = (16 * 1024 * beatMs) / 1000;

/**
 * Whether there is still somebody at the other end of a WebSocket. Slow is not
 * dead: a ping is answered when all that was sent before it has been read, so it
 * may take as long as that takes at the least rate. Its payload is random, so
 * the answer proves that it was read.
 */
export class Liveness {
  readonly #link: Link | undefined;
  readonly #stall: Stall | undefined;
  readonly #ping: (payload: Buffer) => void;
  /** Whether a message has come in since the last beat: to be set with each. */
  heard = false;
  #bytesRead = 0;
  #pinged: { payload: Buffer; bytesWritten: number } | undefined;
  /** How many silent beats the ping may take, and has taken. */
  #patience = 0;
  #silentBeats = 0;
  /** `bytesWritten` when the last ping was sent that was answered. */
  #known = 0;

  /** @param link The TCP connection below. `undefined` in memory, where nothing is slow. */
  constructor(link: Link | undefined, ping: (payload: Buffer) => void) {
    this.#link = link;
    this.#stall = link && new Stall(link);
    this.#ping = ping;
  }

  /** The answer to a ping has come in. */
  answered(payload: Buffer): void {
    this.heard = true;
    if (this.#pinged?.payload.equals(payload) !== true) return;
    this.#known = this.#pinged.bytesWritten;
    this.#pinged = undefined;
  }

  /**
   * Looks at the connection, which is to be done every `beatMs`, and asks for a sign of life where none is waited for.
   *
   * @param full Whether more waits for the other side than it takes: then it must read, whatever it sends.
   * @returns `false` where it is dead, or takes too long.
   */
  beat(full: boolean): boolean {
    const received = this.#receive();
    if (this.#stall?.beat() === true) return false;
    if (!this.#pinged) this.#begin();
    else if (full || !received) this.#silentBeats += 1;
    return this.#silentBeats <= this.#patience;
  }

  /** Whether enough has come in since the last beat. */
  #receive(): boolean {
    const { bytesRead = 0 } = this.#link ?? {};
    const received = this.heard || bytesRead - this.#bytesRead >= leastPerBeat;
    this.heard = false;
    this.#bytesRead = bytesRead;
    return received;
  }

  #begin(): void {
    const { bytesWritten = 0 } = this.#link ?? {};
    const payload = randomBytes(8);
    this.#pinged = { payload, bytesWritten };
    this.#silentBeats = 0;
    this.#patience = Math.floor((bytesWritten - this.#known) / leastPerBeat);
    this.#ping(payload);
  }
}
