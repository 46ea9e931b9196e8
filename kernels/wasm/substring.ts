/**
 * Samples of fragments in WebAssembly: the host of assembly/substring.
 *
 * Invariant: the keys and words of the plain-TypeScript twin, word for word. A document costs one copy, and what it leaves comes in pieces of some
 * thousand entries. Memory: that of assembly/substring, with the longest document there was.
 */
import type { FragmentSampler, FragmentShape, SampleSink } from "../substring/sampler.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Initialises the module: before anything else, once. */
  _start(): void;
  configure(length: number, gram: number, shift: number): void;
  keysAddress(): number;
  wordsAddress(): number;
  keysLeft(): number;
  wordsLeft(): number;
  open(symbols: number): number;
  advance(): number;
}

/** The twin of {@link PlainFragmentSampler}. */
export class WasmFragmentSampler implements FragmentSampler {
  readonly #exports: Exports;
  readonly #shape: FragmentShape;
  #bytes = new Uint8Array(0);

  constructor(module: WebAssembly.Module, shape: FragmentShape) {
    this.#shape = shape;
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.#exports._start();
    this.#exports.configure(shape.length, shape.gram, shape.symbol_bytes === 1 ? 0 : 2);
  }

  sample(bytes: Uint8Array, start: number, end: number, sink: SampleSink): void {
    const { length, symbol_bytes } = this.#shape;
    const symbols = Math.floor((end - start) / symbol_bytes);
    if (symbols < length) return;
    const exports = this.#exports;
    const address = exports.open(symbols);
    const { buffer } = exports.memory;
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer);
    this.#bytes.set(bytes.subarray(start, start + symbols * symbol_bytes), address);
    for (let isDone = false; !isDone; ) {
      isDone = exports.advance() !== 0;
      sink.keys(new Uint32Array(buffer, exports.keysAddress(), 4 * exports.keysLeft()));
      sink.words(new Uint32Array(buffer, exports.wordsAddress(), exports.wordsLeft()));
    }
  }
}
