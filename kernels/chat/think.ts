/**
 * The thinking of an answer, apart from what it says: whether the server separated them or the model wrote both into one text.
 *
 * Invariant: the two spellings of one answer come out alike. A block that was opened by the prompt has only its end in the text.
 */

export interface ThinkTags {
  readonly open: string;
  readonly close: string;
}

export interface Thought {
  /** Without the line breaks around it; undefined where there is no block. */
  readonly reasoning?: string;
  /** What is said, without line breaks before it. */
  readonly text: string;
  /** Whether the thinking came to an end. */
  readonly isClosed: boolean;
}

const EDGES = /^[\r\n]+|[\r\n]+$/g;
const START = /^[\r\n]+/;

/** `reasoning` is what the server gave apart from `content`, if it did. */
export function splitThought(content: string, reasoning: string | null, { open, close }: ThinkTags): Thought {
  if (reasoning !== null && reasoning !== "") {
    return { reasoning: reasoning.replace(EDGES, ""), text: content.replace(START, ""), isClosed: content !== "" };
  }
  const start = content.trimStart();
  const isOpened = start.startsWith(open);
  const end = content.indexOf(close);
  if (end < 0) {
    if (!isOpened) return { text: content, isClosed: true };
    return { reasoning: start.slice(open.length).replace(EDGES, ""), text: "", isClosed: false };
  }
  const before = content.slice(0, end);
  // A block further on is part of what is said.
  if (!isOpened && before.includes(open)) return { text: content, isClosed: true };
  const thought = isOpened ? before.trimStart().slice(open.length) : before;
  return {
    reasoning: thought.replace(EDGES, ""),
    text: content.slice(end + close.length).replace(START, ""),
    isClosed: true,
  };
}

/** One text of both, as models of this kind write it. */
export function joinThought(reasoning: string, text: string, { open, close }: ThinkTags): string {
  return `${open}\n${reasoning}\n${close}\n\n${text}`;
}
