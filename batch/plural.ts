/** Numbers and articles in messages: `1 task`, `2,000 tasks`, `an ingest task`. English alone. */

/** `count` and the word for so many. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

/** The same with plain digits, for figures that are compared with those of a file. */
export function exactly(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `word` with the article that it takes; a word is taken to begin with the sound of its first letter. */
export function withArticle(word: string): string {
  return `${/^[aeiou]/i.test(word) ? "an" : "a"} ${word}`;
}
