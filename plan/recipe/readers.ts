/** Which reader reads which file: by the ending of a pattern, compression set aside. */

const READERS: Readonly<Record<string, string>> = {
  ".parquet": "read/parquet",
  ".jsonl": "read/jsonl",
  ".ndjson": "read/jsonl",
  ".json": "read/jsonl",
  ".arrow": "read/arrow",
  ".feather": "read/arrow",
  ".ipc": "read/arrow",
  ".csv": "read/csv",
  ".tsv": "read/csv",
  ".warc": "read/warc",
  ".wet": "read/wet",
};
const COMPRESSED = /\.(gz|gzip|zst|zstd|bz2|xz)$/;
/** Compressions and archives that are not read; io/codecs knows them by their first bytes too. */
const NOT_READ = /\.(lz4|zip|7z|tar|tgz|sz|snappy|br|lzma|lz|z)$/i;
/** Columnar files compress inside; a compressed one cannot be read by parts. */
const COMPRESSIBLE = new Set(["read/jsonl", "read/csv", "read/warc", "read/wet"]);

/** Full name of a reader, packer or format given short: `jsonl` is `read/jsonl`. */
export function fullName(kind: "read" | "pack" | "write", name: string): string {
  return name.includes("/") ? name : `${kind}/${name}`;
}

/** The ending of `pattern` that says it is compressed or packed in a form that is not read. */
export function endingNotRead(pattern: string): string | undefined {
  return expandBraces(pattern)
    .map((path) => NOT_READ.exec(path)?.[0])
    .find((ending) => ending !== undefined);
}

/** The reader every ending of `pattern` asks for, or undefined where it says nothing or several things. */
export function readerOf(pattern: string): string | undefined {
  const readers = new Set(expandBraces(pattern).map(readerOfPath));
  return readers.size === 1 ? [...readers][0] : undefined;
}

function readerOfPath(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const bare = name.replace(COMPRESSED, "");
  const dot = bare.lastIndexOf(".");
  const reader = dot === -1 ? undefined : READERS[bare.slice(dot)];
  return reader !== undefined && (bare === name || COMPRESSIBLE.has(reader)) ? reader : undefined;
}

/** `a.{jsonl,jsonl.zst}` to its alternatives, innermost braces first. */
function expandBraces(pattern: string): string[] {
  const braces = /\{([^{}]*)\}/.exec(pattern);
  if (braces === null) return [pattern];
  const [whole, choices = ""] = braces;
  const [before, after] = [pattern.slice(0, braces.index), pattern.slice(braces.index + whole.length)];
  return choices.split(",").flatMap((part) => expandBraces(before + part + after));
}
