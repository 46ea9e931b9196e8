/**
 * LZ4 blocks in WebAssembly: the host of assembly/lz4/.
 *
 * Invariant: the blocks of the plain-TypeScript twin, byte for byte, and its verdicts. Content goes in and out by one
 * copy each. Memory: 0.6 MB an instance. Prices: the module's, and the copies.
 */
import { checkSizes, type Lz4 } from "../lz4/block.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Initialises the module: before anything else, once. */
  _start(): void;
  maxContentBytes(): number;
  maxBlockBytes(): number;
  inputAddress(): number;
  outputAddress(): number;
  compress(length: number): number;
  decompress(length: number, content: number): number;
}

/** The twin of `PlainLz4`. */
export class WasmLz4 implements Lz4 {
  readonly #exports: Exports;
  readonly #input: Uint8Array;
  readonly #output: Uint8Array;
  readonly #maxContentBytes: number;

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.#exports._start();
    this.#maxContentBytes = this.#exports.maxContentBytes();
    // The memory never grows, so the views hold.
    const { buffer } = this.#exports.memory;
    const size = this.#exports.maxBlockBytes();
    this.#input = new Uint8Array(buffer, this.#exports.inputAddress(), size);
    this.#output = new Uint8Array(buffer, this.#exports.outputAddress(), size);
  }

  compress(content: Uint8Array, out: Uint8Array, at: number): number {
    checkSizes(content, out, at);
    this.#input.set(content);
    const length = this.#exports.compress(content.length);
    out.set(this.#output.subarray(0, length), at);
    return length;
  }

  decompress(block: Uint8Array, content: Uint8Array): boolean {
    if (block.length > this.#input.length || content.length > this.#maxContentBytes) return false;
    this.#input.set(block);
    if (!this.#exports.decompress(block.length, content.length)) return false;
    content.set(this.#output.subarray(0, content.length));
    return true;
  }
}
