import type { Attributes, Resource } from '../domain/telemetry.ts';

/** Most different strings, and lists of names, that are remembered. */
const mostEntries = 20_000;
/** Longest string that is looked up, in characters; longer ones rarely repeat. */
const longestString = 100;
/** What V8 needs for a string besides its characters, in bytes. */
const stringBytes = 24;

/** Keeps equal strings once: most names, ids and values of telemetry repeat. Counts what is kept. */
export class Interning {
  readonly #strings = new Map<string, string>();
  readonly #nameLists = new Map<string, readonly string[]>();
  readonly #resources = new Map<string, Resource>();
  #bytes = 0;

  /** Bytes of the strings that were not known, since the last call. An estimate. */
  takeBytes(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes;
  }

  string(text: string): string {
    if (text.length > longestString) {
      this.#bytes += bytesOf(text);
      return text;
    }
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    this.#bytes += bytesOf(text);
    remember(this.#strings, text, text);
    return text;
  }

  attributes({ names, values }: Attributes): Attributes {
    const key = names.join('\0');
    let list = this.#nameLists.get(key);
    if (!list) {
      list = names.map((name) => this.string(name));
      this.#bytes += 2 * bytesOf(key) + 8 * list.length;
      remember(this.#nameLists, key, list);
    }
    // A list of exactly this length: one that grew has spare room.
    return { names: list, values: values.map((value) => this.string(value)) };
  }

  /** One object for each process. */
  resource(resource: Resource): Resource {
    const { service, version, instance } = resource;
    const key = [service, version, instance].join('\0');
    const known = this.#resources.get(key);
    if (known) return known;
    this.#bytes += 2 * bytesOf(key);
    remember(this.#resources, key, resource);
    return resource;
  }
}

/** Forgets everything when it is full; what repeats is back soon. */
function remember<Value>(known: Map<string, Value>, key: string, value: Value): void {
  if (known.size >= mostEntries) known.clear();
  known.set(key, value);
}

/** V8 keeps a string with a character above U+00FF in two bytes per character. */
function bytesOf(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the range is that of Latin-1
  const narrow = /^[\u0000-\u00FF]*$/.test(text);
  return stringBytes + text.length * (narrow ? 1 : 2);
}
