/**
 * Finds where a text may need repair in WebAssembly: the host of assembly/repair/.
 *
 * Invariant: the positions of the plain-TypeScript twin. Memory: 200 KB, and the longest text that was opened, some
 * megabytes at most, for who opens it cuts there. Prices: the module's, and a copy of the text.
 */
import { BAD, repairTables } from "../repair/classes.ts";
import type { RepairRules, RepairScanner } from "../repair/scan.ts";
import { CLASS_COUNT } from "../repair/tables.gen.ts";
import { lookup } from "../unicode/two-stage.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Initialises the module: before anything else, once. */
  _start(): void;
  blocksAddress(): number;
  valuesAddress(): number;
  valuesBytes(): number;
  soughtAddress(): number;
  cellsAddress(): number;
  asciiStatesAddress(): number;
  settingsAddress(): number;
  reserve(bytes: number): number;
  next(from: number, length: number, entities: boolean): number;
}

const CARRIAGE_RETURN = 0x0d;

/** The twin of {@link PlainRepairScanner}. */
export class WasmRepairScanner implements RepairScanner {
  readonly #exports: Exports;
  #memory: Uint8Array;
  #start = 0;
  #length = 0;

  constructor(module: WebAssembly.Module, { sought, encoding }: RepairRules) {
    const exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    exports._start();
    this.#exports = exports;
    const { buffer } = exports.memory;
    this.#memory = new Uint8Array(buffer);
    const { classes, cells, isAsciiState } = repairTables();
    if (classes.values.length > exports.valuesBytes()) throw new Error("the classes of characters do not fit");
    new Uint16Array(buffer, exports.blocksAddress(), classes.blocks.length).set(classes.blocks);
    this.#memory.set(classes.values, exports.valuesAddress());
    this.#memory.set(sought, exports.soughtAddress());
    this.#memory.set(cells, exports.cellsAddress());
    this.#memory.set(isAsciiState, exports.asciiStatesAddress());
    const breaks = sought[lookup(classes, CARRIAGE_RETURN)];
    new Uint32Array(buffer, exports.settingsAddress(), 4).set([Number(encoding), CLASS_COUNT, BAD, breaks]);
  }

  open(bytes: Uint8Array, start: number, end: number): void {
    const address = this.#exports.reserve(end - start);
    const { buffer } = this.#exports.memory;
    if (this.#memory.buffer !== buffer) this.#memory = new Uint8Array(buffer);
    this.#memory.set(bytes.subarray(start, end), address);
    this.#start = start;
    this.#length = end - start;
  }

  next(from: number, entities: boolean): number {
    return this.#start + this.#exports.next(from - this.#start, this.#length, entities);
  }
}
