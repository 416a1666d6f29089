import type { MeshMap } from '@arcadium/contracts/dashboard';
import { Latest } from '../domain/latest.ts';
import type { LiveMap } from '../domain/map/live-map.ts';
import type { Recording } from '../domain/map/recording.ts';
import type { Round } from '../domain/round.ts';

export interface MapViewOptions {
  live: LiveMap;
  recording: Recording;
  /** A clock that does not jump, in milliseconds. @default performance.now */
  nowMs?: () => number;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** The map of the mesh: now, and in the past. */
export class MapView {
  readonly #options: Required<MapViewOptions>;
  readonly #latest = new Latest<MeshMap>();
  #current: MeshMap;

  constructor(options: MapViewOptions) {
    this.#options = { nowMs: () => performance.now(), ...options };
    this.#current = this.#options.live.view(this.#options.now());
    this.#latest.set(this.#current);
  }

  /** Takes a round, after its statuses were recorded, and tells the followers. */
  record(round: Round): void {
    const { live, recording, nowMs } = this.#options;
    const { map, minute } = live.observe(round);
    recording.addRound(map, nowMs());
    if (minute) recording.addMinute(minute, nowMs());
    this.#current = map;
    this.#latest.set(map);
  }

  /** After the last round; before the first, the watched services alone. */
  current(): MeshMap {
    return this.#current;
  }

  /** @param time Milliseconds since 1970. @returns `undefined` if nothing was recorded then. */
  at(time: number): MeshMap | undefined {
    return this.#options.recording.at(time);
  }

  /** The times that are recorded, in milliseconds since 1970; before the first round, now. */
  range(): { from: number; to: number } {
    const { recording, now } = this.#options;
    return recording.range() ?? { from: now(), to: now() };
  }

  /** The map now, then after each round, until the signal fires. A slow reader misses rounds. */
  follow(signal: AbortSignal): AsyncGenerator<MeshMap> {
    return this.#latest.follow(signal);
  }
}
