/**
 * Bytes that are appended to. Invariant: room is doubled and kept after {@link ByteBuffer.clear}, so a page costs no
 * allocation.
 */

/** Copies shorter than this are faster by hand than by a view. */
const SHORT_BYTES = 24;
/** Room for one long row is not kept for the short ones that follow. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

export class ByteBuffer {
  length = 0;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What is in it: a view that the next append overwrites or leaves behind. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#take(new Uint8Array(MAX_KEPT_BYTES));
  }

  byte(value: number): void {
    this.reserve(1);
    this.#bytes[this.length++] = value;
  }

  varint(value: number): void {
    let left = value;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.byte((left % 0x80) | 0x80);
    this.byte(left);
  }

  int32(value: number): void {
    this.reserve(4);
    this.#view.setInt32(this.length, value, true);
    this.length += 4;
  }

  /** Writes over four bytes that are there. */
  setInt32(at: number, value: number): void {
    this.#view.setInt32(at, value, true);
  }

  float32(value: number): void {
    this.reserve(4);
    this.#view.setFloat32(this.length, value, true);
    this.length += 4;
  }

  float64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Text of which every character is ASCII. */
  ascii(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.length++] = text.charCodeAt(i);
  }

  append(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start;
    this.reserve(count);
    const bytes = this.#bytes;
    let to = this.length;
    if (count < SHORT_BYTES) for (let at = start; at < end; at++) bytes[to++] = source[at];
    else bytes.set(source.subarray(start, end), to);
    this.length += count;
  }

  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#take(grown);
  }

  #take(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
