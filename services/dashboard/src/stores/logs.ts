import { logLevels, type LogLine } from '@arcadium/contracts/dashboard';
import type { ReceivedLine } from '../domain/telemetry.ts';
import { Interning } from './interning.ts';
import { Ring } from './ring.ts';
import { literal, type Walked } from './walk.ts';

/** What a line needs besides its strings, in bytes. */
const lineBytes = 240;
/** Most bytes of lines that one call of `list` searches: about 5 ms. */
const mostSearched = 6_000_000;
/** Most failures of a service that are shown. */
const mostFailures = 20;

export interface LogBounds {
  /** @default 10000 */
  mostLines?: number;
  /** Of all lines, by estimate. @default 16777216, 16 MiB */
  mostBytes?: number;
}

export interface LogFilter {
  service?: string | undefined;
  /** This level and above. @default 'trace' */
  level?: LogLine['level'];
  /** Part of the message, or of the name or the value of a field; case does not matter. */
  text?: string | undefined;
  traceId?: string | undefined;
  requestId?: string | undefined;
}

export interface StoredLine extends ReceivedLine {
  readonly number: number;
  /** By estimate. */
  readonly bytes: number;
}

/** The last log lines, in memory, in the order in which they arrived. */
export class LogStore {
  readonly #mostBytes: number;
  readonly #ring: Ring<StoredLine>;
  readonly #interning = new Interning();
  #bytes = 0;

  constructor({ mostLines = 10_000, mostBytes = 16 * 2 ** 20 }: LogBounds = {}) {
    this.#mostBytes = mostBytes;
    this.#ring = new Ring(mostLines);
  }

  /** Lines that are held. */
  get size(): number {
    return this.#ring.size;
  }

  /** Bytes that they need, by estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  add(lines: readonly ReceivedLine[]): void {
    for (const line of lines) {
      if (this.#ring.full) this.#dropOldest();
      const kept = this.#keep(line);
      const bytes = lineBytes + 8 * kept.fields.values.length + this.#interning.takeBytes();
      this.#ring.add((number) => ({ ...kept, number, bytes }));
      this.#bytes += bytes;
      while (this.#bytes > this.#mostBytes) this.#dropOldest();
    }
  }

  /** Newest first: at most `limit + 1` lines. @param before Only lines with lower numbers. @default all */
  list(
    filter: LogFilter,
    { before, limit }: { before?: number | undefined; limit: number },
  ): Walked<StoredLine> {
    const text = filter.text === undefined ? undefined : literal(filter.text);
    const rows: StoredLine[] = [];
    let searched = 0;
    for (const line of this.#ring.newestFirst(before)) {
      if (searched > mostSearched) return { rows, until: line.number + 1 };
      if (!fits(line, filter)) continue;
      if (text) {
        searched += line.bytes;
        if (!contains(line, text)) continue;
      }
      rows.push(line);
      if (rows.length > limit) break;
    }
    return { rows, until: undefined };
  }

  /** The last 20 lines of a service, newest first, that warn or report an error and belong to a call. */
  failuresOf(service: string): StoredLine[] {
    const failures: StoredLine[] = [];
    for (const line of this.#ring.newestFirst()) {
      if (!fits(line, { service, level: 'warn' })) continue;
      if (line.requestId === null && line.traceId === null) continue;
      failures.push(line);
      if (failures.length === mostFailures) break;
    }
    return failures;
  }

  #dropOldest(): void {
    this.#bytes -= this.#ring.shift()?.bytes ?? 0;
  }

  #keep(line: ReceivedLine): ReceivedLine {
    const interning = this.#interning;
    const string = (text: string | null) => (text === null ? null : interning.string(text));
    return {
      at: line.at,
      resource: interning.resource(line.resource),
      level: line.level,
      message: interning.string(line.message),
      traceId: string(line.traceId),
      spanId: string(line.spanId),
      requestId: string(line.requestId),
      fields: interning.attributes(line.fields),
    };
  }
}

function fits(line: StoredLine, filter: LogFilter): boolean {
  const { service, level = 'trace', traceId, requestId } = filter;
  return (
    logLevels.indexOf(line.level) >= logLevels.indexOf(level) &&
    (service === undefined || line.resource.service === service) &&
    (traceId === undefined || line.traceId === traceId) &&
    (requestId === undefined || line.requestId === requestId)
  );
}

function contains({ message, fields }: StoredLine, text: RegExp): boolean {
  return (
    text.test(message) ||
    fields.values.some((value) => text.test(value)) ||
    fields.names.some((name) => text.test(name))
  );
}
