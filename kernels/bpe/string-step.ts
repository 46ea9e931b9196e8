/** A normalizer that looks at characters, on strings. Text that is no UTF-8 is left as it is. Price: a string of each text it concerns. */
import type { Normalizer } from "./normalizer.ts";

export abstract class StringStep implements Normalizer {
  abstract readonly growth: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #encoder = new TextEncoder();

  normalize(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    if (!this.concerns(bytes, start, end)) return undefined;
    let text: string;
    try {
      text = this.#decoder.decode(bytes.subarray(start, end));
    } catch {
      return undefined;
    }
    const changed = this.change(text);
    return changed === text ? undefined : this.#encoder.encode(changed);
  }

  /** Whether the text may change. */
  protected abstract concerns(bytes: Uint8Array, start: number, end: number): boolean;
  protected abstract change(text: string): string;
}

/** True where text is of ASCII alone. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if (bytes[p] >= 0x80) return false;
  return true;
}
