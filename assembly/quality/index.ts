// module
/** Quality signals of one document at a time: see quality-text.ts for the memory and the order of calls. */

export { judgeLines } from "./c4";
export { duplicateNgramChars } from "./duplicates";
export { measureLines, measureParagraphs, measurePieces, measureSymbols } from "./lines";
export { loadNgrams, topChars } from "./ngrams";
export { blocks, open, results, setWords, survey, values } from "./text";
export { measureWords, segment } from "./words";
