// module
/** Quality signals of one document at a time: see quality-text.ts for the memory and the order of calls. */
export { results, blocks, values, open, survey, setWords } from "./text";
export { segment, measureWords } from "./words";
export { measureLines, measurePieces, measureParagraphs, measureSymbols } from "./lines";
export { loadNgrams, topChars } from "./ngrams";
export { duplicateNgramChars } from "./duplicates";
export { judgeLines } from "./c4";
