/** Stamps of local files: whether a file is still the one it was, told without reading it. Price: one `stat`. */
import type { BigIntStats } from "node:fs";
import type { FileStamp } from "../source.ts";

export function stampOf(stat: BigIntStats): FileStamp {
  return {
    size_bytes: Number(stat.size),
    mtime_ns: String(stat.mtimeNs),
    ctime_ns: String(stat.ctimeNs),
    inode: String(stat.ino),
  };
}

export function isSameStamp(a: FileStamp | undefined, b: FileStamp | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.size_bytes === b.size_bytes &&
    a.mtime_ns === b.mtime_ns &&
    a.ctime_ns === b.ctime_ns &&
    a.inode === b.inode
  );
}
