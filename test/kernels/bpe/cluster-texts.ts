/** What `Precompiled` is compared on: a charsmap that counts characters of clusters, and seeded texts of characters that make clusters. */
import { seeded } from "./fuzz-text.ts";

/** Code points by what they do in a cluster: some of each kind, short ones first, for clusters of at most five bytes are told from longer. */
const RANGES: readonly (readonly [number, number])[] = [
  [0x00, 0x20],
  [0x41, 0x8],
  [0xa0, 0x10],
  [0x300, 0x70],
  [0x5b0, 0x20],
  [0x600, 0x8],
  [0x6dd, 0x4],
  [0x900, 0x80],
  [0x980, 0x480],
  [0xe30, 0x20],
  [0x1000, 0x90],
  [0x1100, 0x100],
  [0x1780, 0x60],
  [0x1b00, 0x50],
  [0x2000, 0x40],
  [0x200b, 0x3],
  [0x203c, 0x1],
  [0x2139, 0x1],
  [0x3030, 0x80],
  [0xa8e0, 0xa0],
  [0xac00, 0x200],
  [0xd7b0, 0x50],
  [0xfe00, 0x10],
  [0x10a00, 0x40],
  [0x11100, 0x40],
  [0x11f00, 0x60],
  [0x16d60, 0x10],
  [0x1f1e6, 0x1a],
  [0x1f3fb, 0x5],
  [0x1f440, 0x40],
  [0xe0000, 0x80],
];
const JOINING = [
  "\u0300",
  "\u0300",
  "\u200d",
  "\u200d",
  "\u094d",
  "\u0915",
  "\u00a9",
  "\u0600",
  "\u1100",
  "\u1161",
  "a",
];

/** `count` texts; the same for the same seed. */
export function clusterTexts(seed: number, count: number): string[] {
  const below = seeded(seed);
  return Array.from({ length: count }, () => {
    let text = "";
    for (let n = 1 + below(12); n > 0; n--) {
      const [first, length] = RANGES[below(RANGES.length)];
      text += below(2) === 0 ? JOINING[below(JOINING.length)] : String.fromCodePoint(first + below(length));
    }
    return text;
  });
}

/** A charsmap that makes one letter of every cluster it looks at as a whole, and of every character of the others, but for U+0000. */
export function countingCharsmap(): Uint8Array {
  const [children, leaves, size] = [256, 512, 768];
  const bytes = new Uint8Array(4 + size * 4 + 2);
  const view = new DataView(bytes.buffer);
  const setUnit = (place: number, unit: number) => view.setUint32(4 + place * 4, unit, true);
  view.setUint32(0, size * 4, true);
  setUnit(0, children << 10);
  for (let byte = 1; byte < 256; byte++) {
    setUnit(children + byte, ((children ^ leaves) << 10) | (1 << 8) | byte);
    setUnit(leaves + byte, 0x8000_0000);
  }
  bytes.set([0x59, 0], 4 + size * 4);
  return bytes;
}
