// module
/** Quality signals of one document at a time: see quality-text.ts for the memory and the order of calls. */
export { results, blocks, values, open, survey, setWords } from "./quality-text";
export { segment, measureWords } from "./quality-words";
export { measureLines, measurePieces, measureParagraphs, measureSymbols } from "./quality-lines";
export { loadNgrams, topChars } from "./quality-ngrams";
export { duplicateNgramChars } from "./quality-duplicates";
export { judgeLines } from "./quality-c4";
