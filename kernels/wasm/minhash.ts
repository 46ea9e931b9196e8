/**
 * MinHash sketches in WebAssembly: hosts of assembly/minhash/index.ts, with the interfaces of kernels/minhash/.
 *
 * Invariant: the keys and signatures of the plain-TypeScript twins, bit for bit. Each host has an instance and a memory of its
 * own: 0.8 MB, plus 5 bytes per byte of the longest document. A document above MAX_DOCUMENT_BYTES, and one in datatrove's
 * family with marks out of canonical order, goes to the twin. Prices: assembly/minhash/text.ts, assembly/minhash/fast-words.ts.
 */
import { fastTable, textTables } from "../minhash/character-tables.ts";
import { drawFastParameters, FAST_KEY_SEED } from "../minhash/fast.ts";
import { drawPermutations, type Permutations } from "../minhash/permutations.ts";
import { SHINGLE_HASHES } from "../minhash/shingles.ts";
import { MinHash, type SignatureBuilder } from "../minhash/signature.ts";
import { DatatroveSketcher, FastSketcher, type Sketcher, type SketchShape } from "../minhash/sketch.ts";
import { unicodeSegmenter } from "../words/unicode.ts";

/** Bounds the memory at 40 MB; a book has one. */
const MAX_DOCUMENT_BYTES = 8 << 20;
/** Shingles the module takes at a time. */
const BLOCK_SHINGLES = 1024;

// What the module's sketches return.
const NO_SHINGLES = 0;
const SKETCHED = 1;

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Initialises the module: before anything else, once. */
  _start(): void;
  allocate(bytes: number): number;
  reserve(length: number): number;
  shinglesAddress(): number;
  multipliersAddress(): number;
  incrementsAddress(): number;
  fillMultipliersAddress(): number;
  fillIncrementsAddress(): number;
  signatureAddress(): number;
  bandKeysAddress(): number;
  usePermutations(slots: number): void;
  resetSignature(): void;
  foldBlock(count: number): void;
  setUpBands(bands: number, rows: number, seedHigh: number, seedLow: number): void;
  setUpText(characters: number, sequences: number, cases: number, ngram: number): void;
  setUpFast(characters: number, ngram: number, keyHigh: number, keyLow: number): void;
  sketchText(length: number): number;
  sketchQuickly(length: number): number;
}

function instantiate(module: WebAssembly.Module): Exports {
  const exports = new WebAssembly.Instance(module).exports as unknown as Exports;
  exports._start();
  return exports;
}

function place(exports: Exports, bytes: Uint8Array): number {
  const address = exports.allocate(bytes.length);
  new Uint8Array(exports.memory.buffer).set(bytes, address);
  return address;
}

function setUpPermutations(exports: Exports, permutations: Permutations): void {
  const { slots, a_high, a_low, b_high, b_low } = permutations;
  const multipliers = new Uint32Array(exports.memory.buffer, exports.multipliersAddress(), 2 * slots);
  const increments = new Uint32Array(exports.memory.buffer, exports.incrementsAddress(), 2 * slots);
  for (let slot = 0; slot < slots; slot++) {
    multipliers[2 * slot] = a_low[slot];
    multipliers[2 * slot + 1] = a_high[slot];
    increments[2 * slot] = b_low[slot];
    increments[2 * slot + 1] = b_high[slot];
  }
  exports.usePermutations(slots);
}

/** The twin of {@link MinHash}: datatrove's permutations for shingles hashed elsewhere. */
export class WasmMinHash implements SignatureBuilder {
  readonly slots: number;
  readonly signature: Uint32Array;

  readonly #exports: Exports;
  readonly #shingles: Int32Array;
  readonly #slots: Uint32Array;
  #waiting = 0;
  #any = false;

  constructor(module: WebAssembly.Module, permutations: Permutations) {
    const exports = instantiate(module);
    setUpPermutations(exports, permutations);
    this.slots = permutations.slots;
    this.signature = new Uint32Array(2 * this.slots);
    this.#exports = exports;
    // No document is placed, so the memory never grows and the views hold.
    this.#shingles = new Int32Array(exports.memory.buffer, exports.shinglesAddress(), 2 * BLOCK_SHINGLES);
    this.#slots = new Uint32Array(exports.memory.buffer, exports.signatureAddress(), 2 * this.slots);
    this.reset();
  }

  reset(): void {
    this.#waiting = 0;
    this.#any = false;
    this.#exports.resetSignature();
  }

  add(high: number, low: number): void {
    const at = 2 * this.#waiting++;
    this.#shingles[at] = low;
    this.#shingles[at + 1] = high;
    if (this.#waiting === BLOCK_SHINGLES) this.#flush();
  }

  finish(): boolean {
    this.#flush();
    for (let slot = 0; slot < 2 * this.slots; slot++) this.signature[slot] = this.#slots[slot ^ 1];
    return this.#any;
  }

  #flush(): void {
    if (this.#waiting === 0) return;
    this.#exports.foldBlock(this.#waiting);
    this.#waiting = 0;
    this.#any = true;
  }
}

/** Documents in, band keys out, in one call each. */
class DocumentHost {
  readonly exports: Exports;
  readonly #bands: number;
  #bytes = new Uint8Array(0);
  #keys = new Uint32Array(0);

  constructor(module: WebAssembly.Module, { bands, rows }: SketchShape, seed: { high: number; low: number }) {
    this.exports = instantiate(module);
    this.#bands = bands;
    this.exports.setUpBands(bands, rows, seed.high, seed.low);
  }

  place(bytes: Uint8Array, start: number, end: number): void {
    const address = this.exports.reserve(end - start);
    const { buffer } = this.exports.memory;
    if (this.#bytes.buffer !== buffer) {
      this.#bytes = new Uint8Array(buffer);
      this.#keys = new Uint32Array(buffer, this.exports.bandKeysAddress(), 2 * this.#bands);
    }
    this.#bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), address);
  }

  readKeys(out: Uint32Array): void {
    out.set(this.#keys);
  }

  readSignature(out: Uint16Array): void {
    const slots = new Uint16Array(this.exports.memory.buffer, this.exports.signatureAddress(), 4 * out.length);
    for (let slot = 0; slot < out.length; slot++) out[slot] = slots[4 * slot];
  }
}

/** The twin of {@link DatatroveSketcher} with `unicode` words and xxh64. */
export class WasmDatatroveSketcher implements Sketcher {
  readonly #host: DocumentHost;
  readonly #makeTwin: () => Sketcher;
  #twin: Sketcher | undefined;
  /** Whether the text sketched last went to the twin. */
  #left = false;

  constructor(module: WebAssembly.Module, shape: SketchShape) {
    this.#host = new DocumentHost(module, shape, { high: 0, low: 0 });
    const { exports } = this.#host;
    const permutations = drawPermutations(shape.bands * shape.rows, shape.seed);
    setUpPermutations(exports, permutations);
    const { characters, sequences, cases } = textTables();
    exports.setUpText(place(exports, characters), place(exports, sequences), place(exports, cases), shape.ngram);
    this.#makeTwin = () =>
      new DatatroveSketcher(shape, SHINGLE_HASHES.xxh64, unicodeSegmenter, new MinHash(permutations));
  }

  sketch(bytes: Uint8Array, start: number, end: number, out: Uint32Array): boolean {
    this.#left = false;
    if (end - start <= MAX_DOCUMENT_BYTES) {
      this.#host.place(bytes, start, end);
      const outcome = this.#host.exports.sketchText(end - start);
      if (outcome === NO_SHINGLES) return false;
      if (outcome === SKETCHED) {
        this.#host.readKeys(out);
        return true;
      }
    }
    this.#left = true;
    this.#twin ??= this.#makeTwin();
    return this.#twin.sketch(bytes, start, end, out);
  }

  signature(out: Uint16Array): void {
    if (this.#left) this.#twin?.signature(out);
    else this.#host.readSignature(out);
  }
}

/** The twin of {@link FastSketcher}. */
export class WasmFastSketcher implements Sketcher {
  readonly #host: DocumentHost;
  readonly #shape: SketchShape;
  #twin: Sketcher | undefined;
  /** Whether the text sketched last went to the twin. */
  #left = false;

  constructor(module: WebAssembly.Module, shape: SketchShape) {
    this.#shape = shape;
    this.#host = new DocumentHost(module, shape, FAST_KEY_SEED);
    const { exports } = this.#host;
    const { slots, key_high, key_low, multipliers, increments } = drawFastParameters(
      shape.bands * shape.rows,
      shape.seed,
    );
    const table = place(exports, fastTable());
    new Uint32Array(exports.memory.buffer, exports.fillMultipliersAddress(), slots).set(multipliers);
    new Uint32Array(exports.memory.buffer, exports.fillIncrementsAddress(), slots).set(increments);
    exports.setUpFast(table, shape.ngram, key_high, key_low);
  }

  sketch(bytes: Uint8Array, start: number, end: number, out: Uint32Array): boolean {
    this.#left = end - start > MAX_DOCUMENT_BYTES;
    if (this.#left) {
      this.#twin ??= new FastSketcher(this.#shape);
      return this.#twin.sketch(bytes, start, end, out);
    }
    this.#host.place(bytes, start, end);
    if (this.#host.exports.sketchQuickly(end - start) === NO_SHINGLES) return false;
    this.#host.readKeys(out);
    return true;
  }

  signature(out: Uint16Array): void {
    if (this.#left) this.#twin?.signature(out);
    else this.#host.readSignature(out);
  }
}
