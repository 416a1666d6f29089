const varintType = 0;
const fixed64Type = 1;
const delimitedType = 2;
const fixed32Type = 5;

const firstBytes = 64 * 1024;

/** A larger message is sent without waiting for more, and its buffer is not kept for the next; in bytes. */
export const fullMessageBytes = 2 ** 20;

/** Most bytes of a tag and a number. */
const mostOfNumber = 16;

/**
 * Writes the fields of protobuf messages, one after another, into a buffer that grows and is reused.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #length = 0;

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written; the writer is then empty. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    if (this.#bytes.length > fullMessageBytes) this.#bytes = Buffer.allocUnsafeSlow(firstBytes);
    return taken;
  }

  /** Begins a message within this one. @returns What `close` takes. */
  open(field: number): number {
    this.#tag(field, delimitedType);
    // Its length, which is mostly one byte.
    this.#length += 1;
    return this.#length;
  }

  close(begin: number): void {
    const size = this.#length - begin;
    if (size < 0x80) {
      this.#bytes[begin - 1] = size;
      return;
    }
    this.#reserve(0);
    const further = size < 0x4000 ? 1 : 4;
    this.#bytes.copyWithin(begin + further, begin, this.#length);
    this.#length = begin - 1;
    this.#varint(size, further + 1);
    this.#length += size;
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, delimitedType);
    this.#varint(value.length);
    this.append(value);
  }

  /** Appends fields that are encoded already. */
  append(fields: Uint8Array): void {
    this.#reserve(fields.length);
    this.#bytes.set(fields, this.#length);
    this.#length += fields.length;
  }

  /** @param value Pairs of hexadecimal digits. */
  hex(field: number, value: string): void {
    const size = value.length >> 1;
    this.#tag(field, delimitedType);
    this.#varint(size);
    this.#reserve(size);
    // An id is short: a call of Buffer's own takes several times as long.
    const bytes = this.#bytes;
    const begin = this.#length;
    for (let at = 0; at < size; at += 1)
      bytes[begin + at] = (digitOf(value, 2 * at) << 4) | digitOf(value, 2 * at + 1);
    this.#length += size;
  }

  text(field: number, value: string): void {
    const begin = this.open(field);
    // In UTF-8, a unit of UTF-16 has up to three bytes.
    this.#reserve(3 * value.length);
    this.#length += this.#bytes.write(value, this.#length, 'utf8');
    this.close(begin);
  }

  /** @param value A safe integer. */
  integer(field: number, value: number): void {
    this.#tag(field, varintType);
    if (value >= 0) return this.#varint(value);
    for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
      if (rest <= 0x7fn) return this.#byte(Number(rest));
      this.#byte(Number(rest & 0x7fn) | 0x80);
    }
  }

  double(field: number, value: number): void {
    this.#tag(field, fixed64Type);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, fixed32Type);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  /** A time as fixed64, in nanoseconds since 1970. @param ms Milliseconds, of which microseconds are kept. */
  time(field: number, ms: number): void {
    this.#tag(field, fixed64Type);
    // Nanoseconds exceed the safe integers, so each half is multiplied separately.
    const us = Math.round(ms * 1000);
    const low = (us % 2 ** 32) * 1000;
    const high = Math.floor(us / 2 ** 32) * 1000 + Math.floor(low / 2 ** 32);
    this.#length = this.#bytes.writeUInt32LE(low % 2 ** 32, this.#length);
    this.#length = this.#bytes.writeUInt32LE(high, this.#length);
  }

  #tag(field: number, type: number): void {
    this.#reserve(0);
    this.#varint(field * 8 + type);
  }

  /** @param bytes How many it has at least. */
  #varint(value: number, bytes = 1): void {
    let rest = value;
    for (let left = bytes; rest > 0x7f || left > 1; left -= 1) {
      this.#byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** Makes room for this number of bytes, and for a number after them. */
  #reserve(bytes: number): void {
    const needed = this.#length + bytes + mostOfNumber;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Value of a hexadecimal digit: in ASCII, its lower four bits, and 9 more if it is a letter. */
function digitOf(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return (code & 0x0f) + (code > 0x40 ? 9 : 0);
}
