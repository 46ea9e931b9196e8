// TEMPORARY stand-in by the lead: the io engineer replaces this file.
import fs from "node:fs";
import type { IoEnvironment } from "./environment.ts";
import type { ByteSource, ShardRef } from "./source.ts";
export async function openShard(ref: ShardRef, _env: IoEnvironment): Promise<ByteSource> {
  const fd = fs.openSync(ref.location, "r");
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    const out = new Uint8Array(end - start);
    for (let at = 0; at < out.length; ) at += fs.readSync(fd, out, at, out.length - at, start + at);
    return out;
  };
  return {
    name: ref.key,
    byteLength: ref.size_bytes,
    identity: ref.identity,
    read,
    async *stream(start = 0) {
      for (let at = start; at < ref.size_bytes; at += 1 << 20)
        yield await read(at, Math.min(ref.size_bytes, at + (1 << 20)));
    },
    close: async () => fs.closeSync(fd),
  };
}
