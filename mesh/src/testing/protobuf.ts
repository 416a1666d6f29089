/** The fields of a protobuf message by number: bytes of texts and messages, whole numbers of all else. */
export class Fields {
  readonly #values = new Map<number, (Buffer | bigint)[]>();

  /** @see https://protobuf.dev/programming-guides/encoding/ */
  constructor(message: Buffer) {
    let at = 0;
    const varint = (): bigint => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = message.readUInt8(at++);
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
      }
    };
    const take = (bytes: number): Buffer => message.subarray(at, (at += bytes));
    while (at < message.length) {
      const tag = Number(varint());
      const read = [varint, () => take(8).readBigUInt64LE(), () => take(Number(varint()))][tag & 7];
      const value = (tag & 7) === 5 ? BigInt(take(4).readUInt32LE()) : read?.();
      if (value === undefined) throw new TypeError(`wire type ${tag & 7} is unknown`);
      this.#values.set(tag >> 3, [...(this.#values.get(tag >> 3) ?? []), value]);
    }
  }

  messages(field: number): Fields[] {
    return this.#bytes(field).map((bytes) => new Fields(bytes));
  }

  message(field: number): Fields | undefined {
    return this.messages(field)[0];
  }

  text(field: number): string | undefined {
    return this.#bytes(field)[0]?.toString();
  }

  hex(field: number): string {
    return this.#bytes(field)[0]?.toString('hex') ?? '';
  }

  number(field: number): bigint | undefined {
    return this.#values.get(field)?.find((value) => typeof value === 'bigint');
  }

  #bytes(field: number): Buffer[] {
    return this.#values.get(field)?.filter((value) => typeof value === 'object') ?? [];
  }
}
