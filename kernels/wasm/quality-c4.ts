/**
 * C4's line rules in WebAssembly: {@link WasmC4Lines}.
 *
 * Twin: kernels/quality/c4.ts; every verdict and every byte left is the twin's. A document is judged whole when it is opened. One above
 * {@link MAX_WASM_BYTES} is left to the twin. Price: 0.5 ns a byte.
 */
import { type C4DocumentRules, type C4LineJudge, type C4LineRules, C4Lines, type C4Verdict } from "../quality/c4.ts";
import { MAX_WASM_BYTES, QualityInstance } from "./quality-instance.ts";

/** Bits of the rules that are on, and verdicts: those of assembly/quality/c4.ts. */
const REMOVE_CITATIONS = 1;
const FILTER_NO_TERMINAL_PUNCT = 2;
const FILTER_JAVASCRIPT = 4;
const FILTER_POLICY = 8;
const FILTER_LOREM_IPSUM = 16;
const FILTER_CURLY_BRACKET = 32;
const VERDICTS: readonly C4Verdict[] = ["keep", "remove", "lorem_ipsum", "curly_bracket"];
const NO_BOUND = 0xffffffff;

export class WasmC4Lines implements C4LineJudge {
  text: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  count = 0;
  /** Where in the instance's integers the record of the next line stands. */
  #record = 0;
  #isLarge = false;
  readonly #instance: QualityInstance;
  readonly #twin: C4Lines;
  readonly #rules: number;
  readonly #minWords: number;
  readonly #maxWordLength: number;

  constructor(module: WebAssembly.Module, rules: C4LineRules, documentRules: C4DocumentRules) {
    this.#instance = new QualityInstance(module);
    this.#twin = new C4Lines(rules, documentRules);
    this.#rules =
      (rules.removeCitations ? REMOVE_CITATIONS : 0) |
      (rules.filterNoTerminalPunct ? FILTER_NO_TERMINAL_PUNCT : 0) |
      (rules.filterJavascript ? FILTER_JAVASCRIPT : 0) |
      (rules.filterPolicy ? FILTER_POLICY : 0) |
      (documentRules.filterLoremIpsum ? FILTER_LOREM_IPSUM : 0) |
      (documentRules.filterCurlyBracket ? FILTER_CURLY_BRACKET : 0);
    this.#minWords = Math.min(rules.minWordsPerLine ?? 0, NO_BOUND);
    this.#maxWordLength = Math.min(rules.maxWordLength ?? NO_BOUND, NO_BOUND);
  }

  open(bytes: Uint8Array, start: number, end: number): void {
    this.#isLarge = end - start > MAX_WASM_BYTES;
    if (this.#isLarge) {
      this.#twin.open(bytes, start, end);
      this.count = this.#twin.count;
      return;
    }
    const instance = this.#instance;
    instance.open(bytes, start, end);
    this.count = instance.exports.judgeLines(this.#rules, this.#minWords, this.#maxWordLength);
    instance.refresh();
    this.text = instance.bytes;
    this.#record = instance.result(0) >> 2;
  }

  next(): C4Verdict {
    if (this.#isLarge) {
      const verdict = this.#twin.next();
      this.text = this.#twin.text;
      this.start = this.#twin.start;
      this.end = this.#twin.end;
      return verdict;
    }
    const { integers } = this.#instance;
    const verdict = integers[this.#record];
    this.start = integers[this.#record + 1];
    this.end = integers[this.#record + 2];
    this.#record += 3;
    return VERDICTS[verdict];
  }
}
