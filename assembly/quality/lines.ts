/**
 * Counts over lines and paragraphs, and of the symbols Gopher counts.
 *
 * Twins: LineMeasures and RepeatedPieces of kernels/quality/lines.ts, SymbolMeasures of kernels/quality/gopher.ts. Invariant: the twin's
 * counts for every byte string. Memory: a set of ranges, or eight bytes a line, in SCRATCH. Price: 0.2 to 0.5 ns a byte each.
 */
import { resetRanges, seen } from "./ranges";
import {
  aligned,
  CODE_POINT,
  countCodePoints,
  decodeBefore,
  equals,
  findNewline,
  isAscii,
  mask64,
  newlineCount,
  properties,
  reserve,
  scratch,
  setResult,
  skipSpace,
  splitLines,
  TERMINAL,
  TEXT,
  textEnd,
  trimSpace,
} from "./text";

/**
 * FineWeb's counts over the lines of `text.split("\n")` that hold more than white space; `shortChars` is the most a short line has.
 * Results: lines, those that end in a terminal mark, short ones, code points in those equal to an earlier one.
 */
export function measureLines(shortChars: u32): void {
  resetRanges(scratch, maxPieces());
  let lines: u32 = 0;
  let terminalLines: u32 = 0;
  let shortLines: u32 = 0;
  let duplicateChars: u32 = 0;
  for (let start = TEXT; start <= textEnd; ) {
    const end = findNewline(start, textEnd);
    if (skipSpace(start, end) < end) {
      const chars = codePoints(start, end);
      lines++;
      if ((properties(decodeBefore(start, end) & CODE_POINT) & TERMINAL) != 0) terminalLines++;
      if (chars <= shortChars) shortLines++;
      if (seen(start, end)) duplicateChars += chars;
    }
    start = end + 1;
  }
  setResult(0, lines);
  setResult(1, terminalLines);
  setResult(2, shortLines);
  setResult(3, duplicateChars);
}

/** Pieces of the text cut at every run of newlines. Results: pieces, those equal to an earlier one, code points in these. */
export function measurePieces(): void {
  countPieces(TEXT, textEnd, 1);
}

/** The same of the stripped text cut at every run of two newlines or more. */
export function measureParagraphs(): void {
  const start = skipSpace(TEXT, textEnd);
  countPieces(start, trimSpace(start, textEnd), 2);
}

function countPieces(start: usize, end: usize, minNewlines: usize): void {
  resetRanges(scratch, maxPieces());
  let pieces: u32 = 0;
  let duplicates: u32 = 0;
  let duplicateChars: u32 = 0;
  let pieceStart = start;
  let at = start;
  while (true) {
    const pieceEnd = findNewline(at, end);
    at = pieceEnd;
    while (at < end && load<u8>(at) == 0x0a) at++;
    if (at > pieceEnd && at - pieceEnd < minNewlines) continue;
    pieces++;
    if (seen(pieceStart, pieceEnd)) {
      duplicates++;
      duplicateChars += codePoints(pieceStart, pieceEnd);
    }
    if (pieceEnd == end) break;
    pieceStart = at;
  }
  setResult(0, pieces);
  setResult(1, duplicates);
  setResult(2, duplicateChars);
}

/** Every piece but an empty one at either end, and every line that counts, takes a byte and a newline. */
function maxPieces(): u32 {
  return min(newlineCount + 1, <u32>(textEnd - TEXT) / 2 + 3);
}

function codePoints(start: usize, end: usize): u32 {
  return isAscii ? <u32>(end - start) : countCodePoints(start, end);
}

let hashes: u32 = 0;
let ellipses: u32 = 0;

/** Results: hashes, ellipses, lines of `str.splitlines()`, those that begin with a bullet, those that end in an ellipsis. */
export function measureSymbols(): void {
  countMarks();
  let bulletLines: u32 = 0;
  let ellipsisLines: u32 = 0;
  const at = aligned(scratch);
  reserve(at + ((textEnd - TEXT) << 3) + 64);
  const lines = splitLines(at);
  for (let line = at; line < at + ((<usize>lines) << 3); line += 8) {
    const end = <usize>load<u32>(line, 4);
    const first = skipSpace(<usize>load<u32>(line), end);
    if (first == end) continue;
    if (load<u8>(first) == 0x2d || (first + 2 < end && isWide(first, 0xa2))) bulletLines++;
    const last = trimSpace(first, end);
    if (last - first >= 3 && (isThreeDots(last - 3) || isWide(last - 3, 0xa6))) ellipsisLines++;
  }
  setResult(0, hashes);
  setResult(1, ellipses);
  setResult(2, lines);
  setResult(3, bulletLines);
  setResult(4, ellipsisLines);
}

/** Whether the three bytes at `at` are E2 80 and `third`. */
function isWide(at: usize, third: u8): bool {
  return load<u8>(at) == 0xe2 && load<u8>(at, 1) == 0x80 && load<u8>(at, 2) == third;
}

function isThreeDots(at: usize): bool {
  return load<u8>(at) == 0x2e && load<u8>(at, 1) == 0x2e && load<u8>(at, 2) == 0x2e;
}

function countMarks(): void {
  hashes = ellipses = 0;
  let dotRun: u32 = 0;
  for (let at = TEXT; at < textEnd; at += 64) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    hashes += <u32>popcnt(equalMask(a, b, c, d, 0x23));
    const dots = equalMask(a, b, c, d, 0x2e);
    if (dotRun != 0 || (dots & (dots >> 1)) != 0 || dots >> 63 != 0) dotRun = countDots(dots, dotRun);
    if (!isAscii && mask64(a, b, c, d) != 0) {
      let leads = equalMask(a, b, c, d, 0xe2);
      for (; leads != 0; leads &= leads - 1) {
        const lead = at + <usize>ctz(leads);
        if (lead + 2 < textEnd && isWide(lead, 0xa6)) ellipses++;
      }
    }
  }
  ellipses += dotRun / 3;
}

function equalMask(a: v128, b: v128, c: v128, d: v128, byte: usize): u64 {
  return mask64(equals(a, byte), equals(b, byte), equals(c, byte), equals(d, byte));
}

/** Adds the ellipses of the runs of dots that end in a block, given the dots before it; returns the run at its end. */
function countDots(dots: u64, before: u32): u32 {
  let run = before;
  let bit: u64 = 0;
  while (true) {
    const ones = min(<u64>ctz(~(dots >> bit)), 64 - bit);
    run += <u32>ones;
    bit += ones;
    if (bit == 64) return run;
    ellipses += run / 3;
    run = 0;
    const rest = dots >> bit;
    if (rest == 0) return 0;
    bit += <u64>ctz(rest);
  }
}
