/**
 * Long JSON strings in WebAssembly: the host of assembly/json/scan.ts.
 *
 * Invariant: goes over a prefix of a string's content and gives what the scanner in kernels/json/json-scan-strings.ts makes of
 * it, byte for byte. Pieces grow, so that a string of some hundred bytes does not cost a large one. Memory: 200 KB.
 */
import type { Unescaper } from "../json/json-scan-strings.ts";

const FIRST_PIECE_BYTES = 1024;
/** Less is not worth a call. */
const LEAST_PIECE_BYTES = 256;
/** What `advance` may leave of a piece although nothing is in its way. */
const TAIL_BYTES = 16;

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Initialises the module: before anything else, once. */
  _start(): void;
  maxBytes(): number;
  sourceAddress(): number;
  targetAddress(): number;
  advance(length: number): number;
}

export class WasmUnescaper implements Unescaper {
  read = 0;
  written = 0;
  readonly #exports: Exports;
  readonly #maxBytes: number;
  readonly #source: Uint8Array;
  readonly #target: Uint8Array;

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.#exports._start();
    this.#maxBytes = this.#exports.maxBytes();
    // The memory never grows, so the views hold.
    const { buffer } = this.#exports.memory;
    this.#source = new Uint8Array(buffer, this.#exports.sourceAddress(), this.#maxBytes);
    this.#target = new Uint8Array(buffer, this.#exports.targetAddress(), this.#maxBytes);
  }

  advance(bytes: Uint8Array, start: number, end: number, out: Uint8Array | undefined, to: number): void {
    let at = start;
    let written = 0;
    let piece = FIRST_PIECE_BYTES;
    for (;;) {
      const length = Math.min(piece, end - at);
      if (length < LEAST_PIECE_BYTES) break;
      this.#source.set(bytes.subarray(at, at + length));
      const counts = this.#exports.advance(length);
      const read = counts >>> 16;
      if (out !== undefined) out.set(this.#target.subarray(0, counts & 0xffff), to + written);
      at += read;
      written += counts & 0xffff;
      if (read < length - TAIL_BYTES) break;
      piece = Math.min(4 * piece, this.#maxBytes);
    }
    this.read = at - start;
    this.written = written;
  }
}
