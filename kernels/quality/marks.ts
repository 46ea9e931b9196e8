/**
 * The characters quality rules ask about: marks that end a line, a sentence, and characters that make a token a symbol.
 *
 * Owns {@link CodePointSet} and three pinned sets. They are facts of the references (datatrove 0.10.0, spaCy 3.8), written as
 * hexadecimal code points and inclusive ranges. Price: 16 KiB and one bit test per question.
 */

const LIMIT = 0x20000;

/** A set of code points below U+20000. */
export class CodePointSet {
  readonly #bits = new Uint8Array(LIMIT >> 3);

  /** `ranges`: hexadecimal code points and inclusive ranges, `21 2e 3f 61d-61f`, separated by white space. */
  constructor(ranges: string) {
    for (const range of ranges.trim().split(/\s+/)) {
      const [first, last = first] = range.split("-").map((hex) => Number.parseInt(hex, 16));
      for (let codePoint = first; codePoint <= last; codePoint++) this.#bits[codePoint >> 3] |= 1 << (codePoint & 7);
    }
  }

  has(codePoint: number): boolean {
    return codePoint < LIMIT && ((this.#bits[codePoint >> 3] >> (codePoint & 7)) & 1) === 1;
  }
}

/** Ends a line of prose in any script: 159 characters, `TERMINAL_PUNCTUATION` of datatrove. */
const TERMINAL = `
  21 2e 3f 589 61d-61f 6d4 700-702 7f9 837 839 83d-83e 964-965 104a-104b 1362 1367-1368 166e 1735-1736 17d4-17d6
  17d9-17da 1803 1809 1944-1945 1aa8-1aab 1b5a-1b5b 1b5e-1b5f 1b7d-1b7e 1c3b-1c3c 1c7e-1c7f 203c-203d 2047-2049
  2e2e 2e3c 2e53-2e54 3002 a4ff a60e-a60f a6f3 a6f7 a876-a877 a8ce-a8cf a92f a9c8-a9c9 aa5d-aa5f aaf0-aaf1 abeb
  fe52 fe56-fe57 ff01 ff0e ff1f ff61 10a56-10a57 10f55-10f59 10f86-10f89 11047-11048 110be-110c1 11141-11143
  111c5-111c6 111cd 111de-111df 11238-11239 1123b-1123c 112a9 1144b-1144c 115c2-115c3 115c9-115d7 11641-11642
  1173c-1173e 11944 11946 11a42-11a43 11a9b-11a9c 11c41-11c42 11ef7-11ef8 11f43-11f44 16a6e-16a6f 16af5
  16b37-16b38 16b44 16e98 1bc9f 1da88`;

/** Further characters of datatrove's `PUNCTUATION`: controls, brackets, quotes, operators. */
const SYMBOL = `
  0-8 b-1f 22-2d 2f 3a-3e 40 5b-60 7b-9f ab b4 bb 2013-2014 2019 201c-201e 2026 2236 2501 25ba 3001 3008-300d
  3010-3011 ff05 ff08-ff09 ff0c ff11 ff1a-ff1b ff5e`;

/** Ends a sentence: the 128 default marks of spaCy's sentencizer. */
const SENTENCE = `
  21 2e 3f 589 61f 6d4 700-702 7f9 964-965 104a-104b 1362 1367-1368 166e 1735-1736 1803 1809 1944-1945 1aa8-1aab
  1b5a-1b5b 1b5e-1b5f 1c3b-1c3c 1c7e-1c7f 203c-203d 2047-2049 2e2e 2e3c 3002 a4ff a60e-a60f a6f3 a6f7 a876-a877
  a8ce-a8cf a92f a9c8-a9c9 aa5d-aa5f aaf0-aaf1 abeb fe52 fe56-fe57 ff01 ff0e ff1f ff61 10a56-10a57 11047-11048
  110be-110c1 11141-11143 111c5-111c6 111cd 111de-111df 11238-11239 1123b-1123c 112a9 1144b-1144c 115c2-115c3
  115c9-115d7 11641-11642 1173c-1173e 11a42-11a43 11a9b-11a9c 11c41-11c42 16a6e-16a6f 16af5 16b37-16b38 16b44
  1bc9f 1da88`;

export const TERMINAL_MARKS = new CodePointSet(TERMINAL);
/** The 281 characters of which a token that counts as a symbol consists. */
export const SYMBOL_MARKS = new CodePointSet(`${TERMINAL} ${SYMBOL}`);
export const SENTENCE_MARKS = new CodePointSet(SENTENCE);
