/**
 * The least and the greatest of the values of a page or a column chunk, as its statistics say them.
 *
 * Strings are valid UTF-8, ordered by their bytes, and cut to {@link BOUND_BYTES}: a lower bound at a character, an
 * upper bound raised in its last character that can be. Floats leave out NaN; a zero is -0 as the least and +0 as the
 * greatest. Invariant: no value lies outside the bounds, and a bound that is said to be exact is a value. Price: two
 * comparisons a value, a copy where one becomes the new bound.
 */
import type { FlatKind } from "../output-schema.ts";

/** Longest string bound in bytes. */
const BOUND_BYTES = 64;
const LAST_CODE_POINT = 0x10ffff;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** As statistics hold them: PLAIN, without the length of a string. */
export interface EncodedBounds {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
  readonly isMinExact: boolean;
  readonly isMaxExact: boolean;
}

/** The first bytes of a string, and whether it goes on. */
class StringBound {
  readonly bytes = new Uint8Array(BOUND_BYTES);
  length = 0;
  isLonger = false;

  set(source: Uint8Array, start: number, length: number, isLonger: boolean): void {
    for (let i = 0; i < length; i++) this.bytes[i] = source[start + i];
    this.length = length;
    this.isLonger = isLonger;
  }

  /** Negative where the string `source[start, start + length)`, which may go on, sorts before this one. */
  compare(source: Uint8Array, start: number, length: number, isLonger: boolean): number {
    const { bytes } = this;
    const common = Math.min(length, this.length);
    for (let i = 0; i < common; i++) {
      const difference = source[start + i] - bytes[i];
      if (difference !== 0) return difference;
    }
    return length - this.length || Number(isLonger) - Number(this.isLonger);
  }
}

export class Bounds {
  readonly #kind: FlatKind;
  #isEmpty = true;
  readonly #minString = new StringBound();
  readonly #maxString = new StringBound();
  #min = 0;
  #max = 0;
  /** Low words of int64 bounds, unsigned; the high ones are numbers as the others are. */
  #minLow = 0;
  #maxLow = 0;

  constructor(kind: FlatKind) {
    this.#kind = kind;
  }

  reset(): void {
    this.#isEmpty = true;
  }

  offerString(source: Uint8Array, start: number, end: number): void {
    const isLonger = end - start > BOUND_BYTES;
    this.#offerPrefix(source, start, isLonger ? BOUND_BYTES : end - start, isLonger);
  }

  offerNumber(value: number): void {
    if (Number.isNaN(value)) return;
    if (this.#isEmpty) {
      this.#isEmpty = false;
      this.#min = value;
      this.#max = value;
      return;
    }
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  offerInt64(low: number, high: number): void {
    const unsigned = low >>> 0;
    const isFirst = this.#isEmpty;
    this.#isEmpty = false;
    if (isFirst || high < this.#min || (high === this.#min && unsigned < this.#minLow)) {
      this.#min = high;
      this.#minLow = unsigned;
    }
    if (isFirst || high > this.#max || (high === this.#max && unsigned > this.#maxLow)) {
      this.#max = high;
      this.#maxLow = unsigned;
    }
  }

  /** Offers all that `other` was offered. */
  merge(other: Bounds): void {
    if (other.#isEmpty) return;
    if (this.#kind === "utf8") {
      for (const { bytes, length, isLonger } of [other.#minString, other.#maxString]) {
        this.#offerPrefix(bytes, 0, length, isLonger);
      }
    } else if (this.#kind === "int64") {
      this.offerInt64(other.#minLow, other.#min);
      this.offerInt64(other.#maxLow, other.#max);
    } else {
      this.offerNumber(other.#min);
      this.offerNumber(other.#max);
    }
  }

  /** Undefined where there was no value but null and NaN, or where no string is an upper bound. */
  encoded(): EncodedBounds | undefined {
    if (this.#isEmpty) return undefined;
    if (this.#kind === "utf8") return stringBounds(this.#minString, this.#maxString);
    return {
      min: this.#encodedNumber(this.#min === 0 && this.#isFloat() ? -0 : this.#min, this.#minLow),
      max: this.#encodedNumber(this.#max === 0 ? 0 : this.#max, this.#maxLow),
      isMinExact: true,
      isMaxExact: true,
    };
  }

  #isFloat(): boolean {
    return this.#kind === "float32" || this.#kind === "float64";
  }

  #encodedNumber(value: number, low: number): Uint8Array {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    switch (this.#kind) {
      case "bool":
        bytes[0] = value;
        return bytes.subarray(0, 1);
      case "int64":
        view.setUint32(0, low, true);
        view.setInt32(4, value, true);
        return bytes;
      case "float64":
        view.setFloat64(0, value, true);
        return bytes;
      case "float32":
        view.setFloat32(0, value, true);
        return bytes.subarray(0, 4);
      default:
        view.setInt32(0, value, true);
        return bytes.subarray(0, 4);
    }
  }

  #offerPrefix(source: Uint8Array, start: number, length: number, isLonger: boolean): void {
    const isFirst = this.#isEmpty;
    this.#isEmpty = false;
    if (isFirst || this.#minString.compare(source, start, length, isLonger) < 0) {
      this.#minString.set(source, start, length, isLonger);
    }
    if (isFirst || this.#maxString.compare(source, start, length, isLonger) > 0) {
      this.#maxString.set(source, start, length, isLonger);
    }
  }
}

function stringBounds(min: StringBound, max: StringBound): EncodedBounds | undefined {
  const greatest = max.isLonger ? raised(max.bytes) : max.bytes.slice(0, max.length);
  if (greatest === undefined) return undefined;
  const least = min.isLonger ? wholeCharacters(min.bytes, BOUND_BYTES) : min.length;
  return { min: min.bytes.slice(0, least), max: greatest, isMinExact: !min.isLonger, isMaxExact: !max.isLonger };
}

/** The end of the last whole character of the prefix `[0, end)`. */
function wholeCharacters(bytes: Uint8Array, end: number): number {
  const start = lastCharacter(bytes, end);
  const lead = bytes[start];
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return start + length <= end ? end : start;
}

/** Where the character begins that `end` follows or cuts. */
function lastCharacter(bytes: Uint8Array, end: number): number {
  let start = end - 1;
  while (start > 0 && (bytes[start] & 0xc0) === 0x80) start--;
  return start;
}

/** The least short string that no string with this prefix exceeds, undefined where the last code point fills it. */
function raised(prefix: Uint8Array): Uint8Array | undefined {
  for (let end = wholeCharacters(prefix, BOUND_BYTES); end > 0; ) {
    const start = lastCharacter(prefix, end);
    const codePoint = decoder.decode(prefix.subarray(start, end)).codePointAt(0) ?? LAST_CODE_POINT;
    if (codePoint < LAST_CODE_POINT) {
      // UTF-8 has no surrogates.
      const next = String.fromCodePoint(codePoint === 0xd7ff ? 0xe000 : codePoint + 1);
      return Uint8Array.from([...prefix.subarray(0, start), ...new TextEncoder().encode(next)]);
    }
    end = start;
  }
  return undefined;
}
