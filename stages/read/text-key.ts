/**
 * The check that the key of the text is one that lines have.
 *
 * Invariant: a span whose lines all lack it fails at its end, with the keys of its first line; one line that has the key, null or not, is enough.
 * Price: nothing once a line had it.
 */
import type { ShardRef } from "../../io/source.ts";
import type { ReadContext } from "../define.ts";
import { missingColumn } from "./columns.ts";

/** Whether the key of the text is a wrong name: told by rows that all lack it, so that no run goes on without a document. */
export class TextKey {
  readonly #name: string;
  /** Whether a line had it, or none is asked for. */
  isThere: boolean;
  #first: { readonly line: Uint8Array; readonly shard: ShardRef } | undefined;

  constructor(name: string | null) {
    this.#name = name ?? "";
    this.isThere = name === null;
  }

  /** Sees a line that is an object. */
  see(isThere: boolean, line: Uint8Array, shard: ShardRef): void {
    if (isThere) this.isThere = true;
    else this.#first ??= { line: line.slice(), shard };
  }

  /** @throws DataError `data/missing-column` where no line had the key, with the keys of the first one */
  check(context: ReadContext): void {
    if (this.isThere || this.#first === undefined) return;
    const { line, shard } = this.#first;
    throw missingColumn(context, shard, "text", this.#name, keysOf(line));
  }
}

/** The keys of an object; none where `JSON.parse`, which knows no NaN, does not take it. */
function keysOf(line: Uint8Array): readonly string[] {
  try {
    return Object.keys(JSON.parse(Buffer.from(line).toString().replace(NOT_FINITE, "null$1")));
  } catch {
    return [];
  }
}

/** A word that Python writes, behind a colon, a comma or a bracket. */
const NOT_FINITE = /(?<=[:,[]\s*)-?(?:NaN|Infinity)(\s*[,\]}])/g;
