/** Words that need one character after another: whitespace, numbers. */
import { charAt, NEWLINE, NUMBER, WHITESPACE } from "./characters";

/** End of `\s+(?!\S)|\s+` at whitespace: the run less its last character, unless the text ends there or there is only one. */
export function blankWord(start: usize, end: usize): usize {
  return wordIn(start, end, 0);
}

/** End of `\s*[\r\n]+|\s+(?!\S)|\s+` at whitespace: up to the run's last newline where it has one. */
export function blankOrLineWord(start: usize, end: usize): usize {
  return wordIn(start, end, NEWLINE);
}

@inline
function wordIn(start: usize, end: usize, lineEnds: u32): usize {
  let p = start;
  let last = start;
  let lineEnd: usize = 0;
  while (p < end) {
    const char = charAt(p, end);
    if ((char & WHITESPACE) == 0) break;
    last = p;
    p += char >> 8;
    if ((char & lineEnds) != 0) lineEnd = p;
  }
  if (lineEnd != 0) return lineEnd;
  return p == end || last == start ? p : last;
}

/** End of `\p{N}{1,most}` whose first number ends at `p`. */
export function numberWord(p: usize, end: usize, most: u32): usize {
  for (let count: u32 = 1; count < most && p < end; count++) {
    const char = charAt(p, end);
    if ((char & NUMBER) == 0) break;
    p += char >> 8;
  }
  return p;
}
