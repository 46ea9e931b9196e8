// module
/** Quality signals of one document at a time: see quality-text.ts for the memory and the order of calls. */
export {
  blocks,
  values,
  open,
  survey,
  setWords,
  wordStarts,
  wordEnds,
  wordCount,
  codePointCount,
  newlineCount,
} from "./quality-text";
export { segment, measureWords, nonSymbolWords, nonSymbolChars, alphabeticWords } from "./quality-words";
export {
  measureLines,
  measurePieces,
  measureParagraphs,
  measureSymbols,
  lines,
  terminalLines,
  shortLines,
  duplicates,
  duplicateChars,
  hashes,
  ellipses,
  bulletLines,
  ellipsisLines,
} from "./quality-lines";
export { loadNgrams, bound2, bound3, bound4, topChars, duplicateNgramChars } from "./quality-ngrams";
export { judgeLines, records } from "./quality-c4";
