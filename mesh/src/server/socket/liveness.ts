import { randomBytes } from 'node:crypto';
import { beatMs, Stall, type Link } from '../http/stall.ts';

/** Fewest bytes that a live peer reads or sends per beat: 16 KiB per second. */
const leastPerBeat = (16 * 1024 * beatMs) / 1000;

/**
 * Whether the peer of a WebSocket is alive. A slow peer answers a ping only after reading everything sent before it, so the
 * answer may take as long as that takes at the least rate. Its random payload proves that the ping was read.
 */
export class Liveness {
  readonly #link: Link | undefined;
  readonly #stall: Stall | undefined;
  readonly #ping: (payload: Buffer) => void;
  /** Whether anything arrived since the last beat; the owner sets it. */
  heard = false;
  #bytesRead = 0;
  #pinged: { payload: Buffer; bytesWritten: number } | undefined;
  /** Silent beats that the ping may take, and has taken. */
  #patience = 0;
  #silentBeats = 0;
  /** `bytesWritten` at the last answered ping. */
  #known = 0;

  /** @param link The TCP connection; `undefined` in memory. */
  constructor(link: Link | undefined, ping: (payload: Buffer) => void) {
    this.#link = link;
    this.#stall = link && new Stall(link);
    this.#ping = ping;
  }

  answered(payload: Buffer): void {
    this.heard = true;
    if (this.#pinged?.payload.equals(payload) !== true) return;
    this.#known = this.#pinged.bytesWritten;
    this.#pinged = undefined;
  }

  /**
   * Call every `beatMs`.
   *
   * @param full Whether output is backed up: then the peer must read, whatever it sends.
   * @returns `false` if the peer is dead or too slow.
   */
  beat(full: boolean): boolean {
    const received = this.#receive();
    if (this.#stall?.beat() === true) return false;
    if (!this.#pinged) this.#begin();
    else if (full || !received) this.#silentBeats += 1;
    return this.#silentBeats <= this.#patience;
  }

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
