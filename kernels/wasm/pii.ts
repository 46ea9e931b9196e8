/**
 * The anchors of personal data in WebAssembly: the host of assembly/pii/.
 *
 * Invariant: the anchors of the plain-TypeScript twin, which also takes texts above {@link MAX_TEXT_BYTES}. Memory: up
 * to five times the longest text that was scanned. Prices: the module's, and a copy of the text.
 */
import { type AnchorScanner, PlainAnchorScanner } from "../pii/anchors.ts";

const MAX_TEXT_BYTES = 1024 * 1024;

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Initialises the module: before anything else, once. */
  _start(): void;
  anchorsAddress(length: number): number;
  reserve(length: number): number;
  scan(length: number, wanted: number): number;
}

/** The twin of {@link PlainAnchorScanner}. */
export class WasmAnchorScanner implements AnchorScanner {
  positions: Int32Array | Uint32Array = new Uint32Array(0);
  readonly #exports: Exports;
  readonly #twin: PlainAnchorScanner;
  readonly #wanted: number;
  #memory = new Uint8Array(0);

  constructor(module: WebAssembly.Module, wanted: number) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.#exports._start();
    this.#twin = new PlainAnchorScanner(wanted);
    this.#wanted = wanted;
  }

  scan(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length > MAX_TEXT_BYTES) {
      const count = this.#twin.scan(bytes, start, end);
      this.positions = this.#twin.positions;
      return count;
    }
    const exports = this.#exports;
    const address = exports.reserve(length);
    const { buffer } = exports.memory;
    if (this.#memory.buffer !== buffer) this.#memory = new Uint8Array(buffer);
    this.#memory.set(bytes.subarray(start, end), address);
    const count = exports.scan(length, this.#wanted);
    if (count > 0) this.positions = new Uint32Array(buffer, exports.anchorsAddress(length), count);
    return count;
  }
}
