/** A token as people read it. Invariant: other bytes give another text. Price: a string a token, so for lists of a few. */
import type { Vocabulary } from "./vocabulary.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of token `id`; where its bytes are no whole characters, or would pass for such, each of them as `\\xNN`. */
export function tokenText({ bytes, offsets }: Pick<Vocabulary, "bytes" | "offsets">, id: number): string {
  const token = bytes.subarray(offsets[id], offsets[id + 1]);
  try {
    const text = utf8.decode(token);
    if (!text.includes("\\x")) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  return Array.from(token, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
