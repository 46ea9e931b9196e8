/**
 * The folded words of benchmark items: of each its question's, then its answer's.
 *
 * Invariant: a word is equal to a word of a text exactly where their folded bytes are. Memory: the folded items and 4 bytes a word.
 */
import { TextBuffer } from "../normalize.ts";
import { type FoldedText, FoldedWords } from "./folded-words.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;

export class ItemWords {
  readonly #words = new FoldedWords("folded");
  readonly #folded = new TextBuffer();
  #places = new Int32Array(1 << 12);
  #count = 0;
  readonly #firsts: number[] = [0];
  readonly #questions: number[] = [];
  readonly #texts: Uint8Array[] = [];

  get items(): number {
    return this.#questions.length;
  }

  /** Adds an item; returns how many words its question and its answer have. */
  add(question: Uint8Array, answer: Uint8Array | undefined): { readonly question: number; readonly answer: number } {
    const text = joined(question, answer);
    const words = this.#words;
    words.read(text, 0, text.length);
    let inQuestion = 0;
    while (inQuestion < words.count && words.starts[inQuestion] < question.length) inQuestion++;
    const from = this.#folded.length;
    this.#folded.reserve(from + words.length).set(words.folded.subarray(0, words.length), from);
    this.#folded.length = from + words.length;
    while (this.#count + words.count + 1 > this.#places.length) {
      const places = new Int32Array(2 * this.#places.length);
      places.set(this.#places);
      this.#places = places;
    }
    for (let word = 0; word < words.count; word++) this.#places[this.#count++] = from + words.places[word];
    this.#places[this.#count] = this.#folded.length;
    this.#firsts.push(this.#count);
    this.#questions.push(inQuestion);
    this.#texts.push(text);
    return { question: inQuestion, answer: words.count - inQuestion };
  }

  /** Question and answer as they were given, a newline between them. */
  text(item: number): Uint8Array {
    return this.#texts[item];
  }

  words(item: number): number {
    return this.#firsts[item + 1] - this.#firsts[item];
  }

  questionWords(item: number): number {
    return this.#questions[item];
  }

  /** Whether words of an item, `count` from `word` on, stand in a folded text from `place` on. Between its words there are one or more spaces. */
  standsAt(item: number, word: number, count: number, { folded, length }: FoldedText, place: number): boolean {
    const at = this.#firsts[item] + word;
    const own = this.#folded.bytes;
    let to = place;
    for (let i = this.#places[at]; i < this.#places[at + count]; i++) {
      if (to >= length && own[i] !== SPACE) return false;
      if (folded[to++] !== own[i]) return false;
      if (own[i] === SPACE) while (folded[to] === SPACE) to++;
    }
    return true;
  }

  /** Whether word `word` of an item is word `other` of a text. */
  isWord(item: number, word: number, text: FoldedWords, other: number): boolean {
    const at = this.#firsts[item] + word;
    const from = this.#places[at];
    const length = this.#places[at + 1] - from;
    const place = text.places[other];
    const end = other + 1 < text.count ? text.places[other + 1] : text.length;
    if (end - place !== length) return false;
    for (let i = 0; i < length; i++) if (this.#folded.bytes[from + i] !== text.folded[place + i]) return false;
    return true;
  }

  /** Different words of an item, but no more than `most`. */
  distinctWords(item: number, most: number): number {
    const seen = new Set<string>();
    for (let at = this.#firsts[item]; at < this.#firsts[item + 1] && seen.size < most; at++) {
      seen.add(Buffer.from(this.#folded.bytes.subarray(this.#places[at], this.#places[at + 1])).toString("latin1"));
    }
    return seen.size;
  }

  /** Letters of a word: an ideograph or a letter of another script of three bytes counts as two. */
  letters(item: number, word: number): number {
    const at = this.#firsts[item] + word;
    let letters = 0;
    for (let i = this.#places[at]; i < this.#places[at + 1]; i++) {
      const byte = this.#folded.bytes[i];
      if (byte >= 0xe0) letters += 2;
      else if (byte >= 0xc0 || (byte >= 0x61 && byte <= 0x7a)) letters++;
    }
    return letters;
  }
}

function joined(question: Uint8Array, answer: Uint8Array | undefined): Uint8Array {
  if (answer === undefined) return question.slice();
  const text = new Uint8Array(question.length + 1 + answer.length);
  text.set(question);
  text[question.length] = NEWLINE;
  text.set(answer, question.length + 1);
  return text;
}
