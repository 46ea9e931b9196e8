/**
 * Lines and paragraphs of a text as parts that may be cut: each takes the line ends behind it along, so that what is left is whole lines.
 *
 * Invariant: parts follow each other and are the text. Lines end at U+000A; an empty line has nothing but white space of ASCII, and ends a paragraph.
 * Price: one pass.
 */

const NEWLINE = 0x0a;
const SPACE = 0x20;

/** Is told of a part, `bytes[start, end)`, and of what it holds without the white space around it, `bytes[from, to)`. */
export type PartVisitor = (start: number, end: number, from: number, to: number) => void;

export function eachLine(bytes: Uint8Array, first: number, last: number, visit: PartVisitor): void {
  eachPart(bytes, first, last, endOfLine, visit);
}

export function eachParagraph(bytes: Uint8Array, first: number, last: number, visit: PartVisitor): void {
  eachPart(bytes, first, last, endOfParagraph, visit);
}

function eachPart(
  bytes: Uint8Array,
  first: number,
  last: number,
  endOf: (bytes: Uint8Array, start: number, last: number) => number,
  visit: PartVisitor,
): void {
  for (let start = first; start < last; ) {
    const end = endOf(bytes, start, last);
    let [from, to] = [start, end];
    while (from < to && bytes[from] <= SPACE) from++;
    while (to > from && bytes[to - 1] <= SPACE) to--;
    visit(start, end, from, to);
    start = end;
  }
}

/** Behind the newline that ends the line at `start`. */
function endOfLine(bytes: Uint8Array, start: number, last: number): number {
  const newline = bytes.indexOf(NEWLINE, start);
  return newline < 0 || newline >= last ? last : newline + 1;
}

/** Behind the empty lines that end the paragraph at `start`. */
function endOfParagraph(bytes: Uint8Array, start: number, last: number): number {
  let end = endOfLine(bytes, start, last);
  while (end < last && !isBlankLine(bytes, end, last)) end = endOfLine(bytes, end, last);
  while (end < last && isBlankLine(bytes, end, last)) end = endOfLine(bytes, end, last);
  return end;
}

function isBlankLine(bytes: Uint8Array, start: number, last: number): boolean {
  for (let at = start; at < last; at++) {
    if (bytes[at] === NEWLINE) return true;
    if (bytes[at] > SPACE) return false;
  }
  return true;
}
