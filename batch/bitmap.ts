/** A fixed-size set of row numbers. Bit order is Arrow's: least significant bit first. */
export class Bitmap {
  readonly length: number;
  readonly bytes: Uint8Array;

  constructor(length: number, bytes = new Uint8Array((length + 7) >>> 3)) {
    this.length = length;
    this.bytes = bytes;
  }

  static full(length: number): Bitmap {
    const bitmap = new Bitmap(length);
    bitmap.bytes.fill(0xff);
    if (length & 7) bitmap.bytes[length >>> 3] = (1 << (length & 7)) - 1;
    return bitmap;
  }

  has(row: number): boolean {
    return ((this.bytes[row >>> 3] >> (row & 7)) & 1) === 1;
  }

  set(row: number): void {
    this.bytes[row >>> 3] |= 1 << (row & 7);
  }

  clear(row: number): void {
    this.bytes[row >>> 3] &= ~(1 << (row & 7));
  }

  count(): number {
    let total = 0;
    for (let byte of this.bytes) {
      for (; byte !== 0; byte &= byte - 1) total++;
    }
    return total;
  }

  /** Calls `visit` for every set row, ascending. */
  forEach(visit: (row: number) => void): void {
    for (let i = 0; i < this.bytes.length; i++) {
      for (let bits = this.bytes[i]; bits !== 0; bits &= bits - 1) {
        visit((i << 3) + 31 - Math.clz32(bits & -bits));
      }
    }
  }
}
