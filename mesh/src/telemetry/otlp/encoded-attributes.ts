import { writeAttribute } from './attribute.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** Most names, and most values of one name, that are kept. */
const mostNames = 256;
const mostValues = 64;

/** Longest text that is kept, in characters. */
const longestText = 128;

type Scalar = string | number | boolean;

/**
 * The encoded attributes of spans. Most have one of few values, such as the name of a procedure: they are encoded once.
 * Names that have many, such as the id of a request, fill their share and are then encoded each time.
 */
export class EncodedAttributes {
  readonly #field: number;
  readonly #writer = new ProtobufWriter();
  readonly #names = new Map<string, Map<Scalar, Buffer>>();

  /** @param field Of the attributes in their message. */
  constructor(field: number) {
    this.#field = field;
  }

  /** How many are kept. */
  get size(): number {
    return this.#names.values().reduce((sum, values) => sum + values.size, 0);
  }

  write(to: ProtobufWriter, name: string, value: Scalar): void {
    const values = this.#names.get(name);
    const encoded = values?.get(value);
    if (encoded) to.append(encoded);
    else if (values?.size === mostValues) writeAttribute(to, this.#field, [name, value]);
    else to.append(this.#encode(name, value));
  }

  #encode(name: string, value: Scalar): Buffer {
    writeAttribute(this.#writer, this.#field, [name, value]);
    const encoded = this.#writer.take();
    if (name.length > longestText || (typeof value === 'string' && value.length > longestText))
      return encoded;
    const values = this.#names.get(name);
    if (values) values.set(value, encoded);
    else if (this.#names.size < mostNames) this.#names.set(name, new Map([[value, encoded]]));
    return encoded;
  }
}
