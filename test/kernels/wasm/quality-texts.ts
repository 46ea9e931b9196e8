/** Texts on which the quality kernels must agree: pieces that meet every rule, in any order, cut anywhere. */
import fc from "fast-check";

const encoder = new TextEncoder();

/** What words, lines, symbols and C4's phrases are made of, valid UTF-8. */
const VALID =
  "a|the|of|word|Straße|naïve|don't|don’t|rock'n'roll|'|’|''|x'1|1'x|'s|2024|3rd|１|٣|Ⅷ|е\u0301|\u0301|\u200d|\u00ad|a\u00adb|\ufeff|_|-|—|#|##|.|..|...|....|…|•|- |!|?|。|！|܀|字|漢字|ひらがな|カタカナー|ไทย|ไท่|한국어|नमस्ते|العربية|𝒶𝒷|😀|字a字b|\0| |  |\t|\u00a0|\u3000|\u1680|\u2003|\u205f|\u2028|\u2029|\u0085|\u001c|\u001f|\v|\f|\r|\r\n|\n|\n\n|\n\n\n|lorem ipsum|Lorem IPSUM|ips|javascript|JavaScript|javascrip|terms of use|TERMS of Use|rms|privacy policy|iva|cookie policy|coo\u212aie policy|uses cookies|use of cookies|use cookies|use coo\u212aies|oki|{|[1]|[]|[12|[٣]|[edit]|[citation needed]|[citation|\"".split(
    "|",
  );
const MALFORMED = [
  [0x80],
  [0xbf, 0xbf, 0xbf],
  [0xc0, 0x80],
  [0xc2],
  [0xe2],
  [0xe2, 0x80],
  [0xe2, 0x84],
  [0xe3, 0x80],
  [0xe4, 0xb8],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
  [0xff],
];

const piece = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...VALID).map((text) => encoder.encode(text)) },
  { weight: 1, arbitrary: fc.constantFrom(...MALFORMED).map((bytes) => Uint8Array.from(bytes)) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 4 }).map((text) => encoder.encode(text)) },
);

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(pieces);
}

/** Short to some hundred bytes, so that pieces lie over every block border. */
export const anyText = fc.array(piece, { maxLength: 90 }).map(joined);

/** Lines, paragraphs and n-grams that repeat. */
export const repetitiveText = fc
  .array(fc.array(piece, { maxLength: 14 }).map(joined), { minLength: 1, maxLength: 5 })
  .chain((parts) => fc.array(fc.constantFrom(...parts), { maxLength: 14 }))
  .map(joined);

/** The same letters again and again, cut into words here and there: n-grams joined by nothing that are equal although their words are not. */
export const recutText = fc
  .tuple(
    fc.string({ unit: fc.constantFrom("a", "b", "é", "字", "x"), minLength: 20, maxLength: 60 }),
    fc.array(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 4, maxLength: 12 }), { minLength: 2, maxLength: 4 }),
  )
  .map(([letters, cuts]) => {
    const words: string[] = [];
    for (const lengths of cuts) {
      for (let at = 0, i = 0; at < letters.length; at += lengths[i++ % lengths.length]) {
        words.push(letters.slice(at, at + lengths[i % lengths.length]));
      }
    }
    return encoder.encode(words.join(" "));
  });

/** Texts that met a rule or an edge once, and so stay. */
export const HOSTILE_TEXTS: readonly Uint8Array[] = [
  "",
  "\n",
  "\n\n\n",
  "\r\n\r\n",
  " ",
  "a",
  "'",
  "’",
  "\0".repeat(70),
  "字".repeat(100),
  "字".repeat(22).slice(1),
  "a".repeat(64),
  `${"a".repeat(63)}'b`,
  `${"a".repeat(61)}’b`,
  `${"a".repeat(62)}’b`,
  `${"a".repeat(63)}’b`,
  `${"a".repeat(64)}’b`,
  `${"a ".repeat(31)}字字字字`,
  `${" ".repeat(63)}\r\n${" ".repeat(62)}\r\n`,
  `${".".repeat(200)}…`,
  `${"a".repeat(63)}...`,
  "x".repeat(1001),
  `${"x".repeat(1000)}. y z.`,
  `${"é".repeat(1000)}. y z.`,
  `${"é".repeat(1001)}. y z.`,
  `${"x".repeat(2000)}\u3000y z.`,
  "one two three four five one two three four five",
  "a bcd ef ghi j ab cd efg hi j",
  "ab ".repeat(3000),
  "Read more\n".repeat(500),
]
  .map((text) => encoder.encode(text))
  .concat([
    Uint8Array.from({ length: 4096 }, (_, i) => (i * i * 151) & 0xff),
    Uint8Array.from({ length: 300 }, (_, i) => 0x80 | (i & 0x3f)),
    Uint8Array.from([0x61, 0x20, 0xe2, 0x80]),
    Uint8Array.from([0x61, 0x20, 0xf0, 0x9f, 0x98]),
  ]);
