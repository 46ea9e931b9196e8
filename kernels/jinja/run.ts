/**
 * One rendering: what it has printed, which spans it has noted, and what it may still spend.
 *
 * Invariant: whatever a template or its data do, a rendering ends: every statement, pass, call and 64 characters worked on cost a step, a text
 * has a greatest length, and calls a greatest depth. Price: an addition and a comparison a step.
 */
import { TemplateError } from "./errors.ts";

export interface TemplateLimits {
  /** Statements, passes of loops, calls, items of lists that are made; and one for every 64 characters that are gone through. */
  readonly steps: number;
  /** Of the text, in UTF-8. */
  readonly output_bytes: number;
  /** Macros inside each other. */
  readonly depth: number;
}

/** Far above what a conversation of some MB needs, and seconds at most. */
export const DEFAULT_LIMITS: TemplateLimits = { steps: 10_000_000, output_bytes: 64 * 1024 * 1024, depth: 100 };

/** Characters a step. */
const STEP_UNITS = 64;
/** An engine holds strings up to 2^29 - 24 units; longer ones are refused whatever the limit. */
const MAX_TEXT_UNITS = 2 ** 28;

/** A character that is looked at by itself costs as many that are gone through. */
const CHARACTER_COST = 256;
const MAX_LIST_ITEMS = 4_000_000;

/** The moment that `strftime_now` tells. */
export interface TemplateDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour?: number;
  readonly minute?: number;
  readonly second?: number;
}

export class Run {
  readonly date: TemplateDate | undefined;
  /** What is printed now: of the whole rendering, or of the block that is being captured. */
  text = "";
  /** Borders of generation blocks as offsets of UTF-16 units, in pairs. */
  readonly spans: number[] = [];
  readonly #limits: TemplateLimits;
  readonly #maxUnits: number;
  #steps: number;
  #depth = 0;

  constructor(limits: TemplateLimits, date: TemplateDate | undefined) {
    this.#limits = limits;
    this.#maxUnits = Math.min(limits.output_bytes, MAX_TEXT_UNITS);
    this.#steps = limits.steps;
    this.date = date;
  }

  step(): void {
    if (--this.#steps < 0) throw this.#tooManySteps();
  }

  /** Pays for going through `length` characters or items. */
  spend(length: number): void {
    this.#steps -= 1 + Math.floor(length / STEP_UNITS);
    if (this.#steps < 0) throw this.#tooManySteps();
  }

  /** Pays for looking at each of `length` characters by itself. */
  spendEach(length: number): void {
    this.spend(length * CHARACTER_COST);
  }

  /** Pays for a text that is about to be made. */
  reserve(length: number): void {
    if (length > this.#maxUnits) throw this.#tooLong();
    this.spend(length);
  }

  /** Pays for a list of `length` that is about to be made. */
  reserveItems(length: number): void {
    if (length > MAX_LIST_ITEMS) {
      throw new TemplateError("limit", `the template makes a list of more than ${MAX_LIST_ITEMS} items`);
    }
    this.#steps -= length;
    this.step();
  }

  /** Pays for a text of `length` to which `added` is put: the engine copies neither. */
  grow(length: number, added: number): void {
    if (length + added > this.#maxUnits) throw this.#tooLong();
    this.spend(added);
  }

  print(text: string): void {
    this.text += text;
    if (this.text.length > this.#maxUnits) throw this.#tooLong();
  }

  /** What `body` prints, instead of printing it. */
  capture(body: () => void): string {
    const outer = this.text;
    this.text = "";
    body();
    const inner = this.text;
    this.text = outer;
    this.spend(inner.length);
    return inner;
  }

  /** Runs `body` one call deeper. */
  nest<Result>(body: () => Result): Result {
    if (++this.#depth > this.#limits.depth) {
      throw new TemplateError("limit", `the template calls more than ${this.#limits.depth} macros inside each other`);
    }
    const result = body();
    this.#depth--;
    return result;
  }

  #tooManySteps(): TemplateError {
    return new TemplateError("limit", `the template takes more than ${this.#limits.steps} steps`);
  }

  #tooLong(): TemplateError {
    return new TemplateError("limit", `the template makes a text of more than ${this.#maxUnits} bytes`);
  }
}
