import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { MeshMap } from '@arcadium/contracts/dashboard';

/** What is kept, and at most how many compressed bytes of it. */
export interface RecordingBounds {
  /** How long each round is kept, in milliseconds. @default 600000 (10 minutes) */
  roundsMs: number;
  /** @default 24 MiB */
  roundsBytes: number;
  /** How long each minute is kept, in milliseconds. @default 21600000 (6 hours) */
  minutesMs: number;
  /** @default 24 MiB */
  minutesBytes: number;
}

const defaults: RecordingBounds = {
  roundsMs: 600_000,
  roundsBytes: 24 * 1024 * 1024,
  minutesMs: 21_600_000,
  minutesBytes: 24 * 1024 * 1024,
};

const minuteMs = 60_000;

/** The maps of the past, in memory: each round of the last minutes, and each minute of the last hours. */
export class Recording {
  readonly #rounds: Frames;
  readonly #minutes: Frames;
  readonly #holdsMs: number;

  /** @param intervalMs Between two rounds. A round stands for the mesh for three of them. */
  constructor(intervalMs: number, bounds: Partial<RecordingBounds> = {}) {
    const { roundsMs, roundsBytes, minutesMs, minutesBytes } = { ...defaults, ...bounds };
    this.#holdsMs = 3 * intervalMs;
    this.#rounds = new Frames(roundsMs, roundsBytes);
    this.#minutes = new Frames(minutesMs, minutesBytes);
  }

  /** @param nowMs On a clock that does not jump. */
  addRound(map: MeshMap, nowMs: number): void {
    this.#rounds.add(map, nowMs);
  }

  addMinute(map: MeshMap, nowMs: number): void {
    this.#minutes.add(map, nowMs);
  }

  /**
   * The mesh at a time of the wall clock, in milliseconds since 1970. Where a clock was set back, a time may have passed
   * twice: the later one counts.
   *
   * @returns `undefined` if nothing was recorded then.
   */
  at(time: number): MeshMap | undefined {
    const frame =
      this.#rounds.newest((at) => at <= time && time - at < this.#holdsMs) ??
      this.#minutes.newest((at) => time <= at && at - time < minuteMs) ??
      // A minute ends with a round, so it may be a little longer.
      this.#minutes.newest((at) => time <= at && at - time < minuteMs + this.#holdsMs);
    return frame && (JSON.parse(inflateRawSync(frame.bytes).toString()) as MeshMap);
  }

  /** The times that are recorded, with gaps while the dashboard was not running; `undefined` before the first round. */
  range(): { from: number; to: number } | undefined {
    const times = [...this.#minutes.times().map((at) => at - minuteMs), ...this.#rounds.times()];
    if (times.length === 0) return undefined;
    const ends = [...this.#minutes.times(), ...this.#rounds.times()];
    return {
      from: times.reduce((a, b) => Math.min(a, b)),
      to: ends.reduce((a, b) => Math.max(a, b)),
    };
  }

  /** Compressed bytes that are held. */
  get bytes(): number {
    return this.#rounds.bytes + this.#minutes.bytes;
  }
}

interface Frame {
  /** Wall clock. */
  readonly at: number;
  /** On a clock that does not jump. */
  readonly recordedMs: number;
  readonly bytes: Uint8Array;
}

/** Maps of one resolution, oldest first. */
class Frames {
  readonly #keepMs: number;
  readonly #maxBytes: number;
  readonly #frames: Frame[] = [];
  bytes = 0;

  constructor(keepMs: number, maxBytes: number) {
    this.#keepMs = keepMs;
    this.#maxBytes = maxBytes;
  }

  add(map: MeshMap, recordedMs: number): void {
    // Copied, because zlib's result is part of a larger buffer.
    const bytes = new Uint8Array(deflateRawSync(JSON.stringify(map), { level: 1 }));
    this.#frames.push({ at: Date.parse(map.at), recordedMs, bytes });
    this.bytes += bytes.length;
    for (;;) {
      const [oldest] = this.#frames;
      if (!oldest || (recordedMs - oldest.recordedMs <= this.#keepMs && this.bytes <= this.#maxBytes)) return;
      this.#frames.shift();
      this.bytes -= oldest.bytes.length;
    }
  }

  newest(covers: (at: number) => boolean): Frame | undefined {
    return this.#frames.findLast(({ at }) => covers(at));
  }

  times(): number[] {
    return this.#frames.map(({ at }) => at);
  }
}
