import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import zlib from "node:zlib";
import { DataError } from "../../../batch/errors.ts";
import { type Codec, codecOf, decode } from "../../../io/codecs/codec.ts";
import { openZstdDecoder } from "../../../io/codecs/zstd-decoder.ts";
import { xxh64 } from "../../../kernels/hash/xxh64.ts";

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(codec: Codec, bytes: Uint8Array, size = 1 << 20): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of decode(codec, cut(bytes, size), "shard.x")) pieces.push(piece);
  for (const piece of pieces.slice(0, -1)) assert.ok(piece.length >= 65536 || codec === "plain", "a small piece");
  return Buffer.concat(pieces);
}

const dataError = (code: string, message: RegExp = /shard\.x/) => {
  return (error: unknown) => {
    assert.ok(error instanceof DataError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
};

const text = Buffer.from(
  Array.from({ length: 6000 }, (_, i) => `line ${i}: the quick brown fox, “quoted”, ${(i * i) % 9973}\n`).join(""),
);
const golden = (name: string) => fs.readFileSync(path.join(process.cwd(), "test/golden/zstd", `${name}.zst`));

test("names tell codecs", () => {
  assert.deepEqual(["a.jsonl", "a.jsonl.gz", "a.JSONL.GZ", "a.zst", "a.zstd", "gz", "a.gz.txt"].map(codecOf), [
    "plain",
    "gzip",
    "gzip",
    "zstd",
    "zstd",
    "plain",
    "plain",
  ]);
});

test("plain bytes pass, compressed ones under a plain name do not", async () => {
  assert.deepEqual(await all("plain", Buffer.alloc(0)), Buffer.alloc(0));
  assert.deepEqual(await all("plain", Buffer.from("ab")), Buffer.from("ab"));
  assert.deepEqual(await all("plain", text, 3), text);
  await assert.rejects(all("plain", zlib.gzipSync("x"), 1), dataError("data/wrong-codec", /are gzip(.|\n)*\.gz/));
  await assert.rejects(all("plain", golden("stream")), dataError("data/wrong-codec", /are zstd(.|\n)*\.zst/));
  await assert.rejects(all("plain", golden("frames")), dataError("data/wrong-codec", /are zstd/));
});

test("the wrong codec is named", async () => {
  await assert.rejects(all("gzip", golden("stream")), dataError("data/wrong-codec", /named as gzip.*are zstd/));
  await assert.rejects(all("zstd", zlib.gzipSync("x")), dataError("data/wrong-codec", /named as zstd.*are gzip/));
  await assert.rejects(all("gzip", text), dataError("data/wrong-codec", /of no compression/));
});

test("gzip: members of any size in pieces of any size", async () => {
  const members = [text.subarray(0, 1), Buffer.alloc(0), text.subarray(1, 70_000), text.subarray(70_000)];
  const file = Buffer.concat(members.map((member) => zlib.gzipSync(member)));
  for (const size of [1 << 20, 65_537, 7]) assert.deepEqual(await all("gzip", file, size), text);
  assert.deepEqual(await all("gzip", zlib.gzipSync("")), Buffer.alloc(0));
  assert.deepEqual(await all("gzip", Buffer.concat([zlib.gzipSync("x"), Buffer.alloc(1000)]), 13), Buffer.from("x"));
});

test("gzip: a cut, a changed byte and garbage are named errors", async () => {
  const one = zlib.gzipSync(text.subarray(0, 100_000));
  for (const length of [0, 1, 3, 9, 10, 100, one.length - 8, one.length - 1]) {
    await assert.rejects(
      all("gzip", one.subarray(0, length), 64),
      dataError("data/truncated-gzip"),
      `cut at ${length}`,
    );
  }
  const flipped = Buffer.from(one);
  flipped[one.length - 6] ^= 1;
  await assert.rejects(all("gzip", flipped), dataError("data/corrupt-gzip", /incorrect data check/));
  flipped.fill(0xff, 200, 220);
  await assert.rejects(all("gzip", flipped), dataError("data/corrupt-gzip", /byte \d+/));
  for (const size of [1 << 20, one.length, 1]) {
    const garbage = Buffer.concat([one, Buffer.from("garbage after it")]);
    await assert.rejects(all("gzip", garbage, size), dataError("data/corrupt-gzip", /follows a complete member/));
    const hidden = Buffer.concat([one, Buffer.alloc(20), one]);
    await assert.rejects(
      all("gzip", hidden, size),
      dataError("data/corrupt-gzip", new RegExp(`after byte ${one.length + 20}:`)),
    );
    await assert.rejects(all("gzip", Buffer.concat([one, one.subarray(0, 5)]), size), dataError("data/truncated-gzip"));
  }
});

/** A zstd frame of raw (or run-length) blocks, by hand: the test needs no encoder. */
function frame(blocks: readonly (Uint8Array | [byte: number, count: number])[], checksum = true): Buffer {
  const contents: Uint8Array[] = [];
  const parts: Uint8Array[] = [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, checksum ? 4 : 0, 0x38)];
  blocks.forEach((block, i) => {
    const run = Array.isArray(block);
    const size = run ? block[1] : block.length;
    const header = (size << 3) | (run ? 2 : 0) | (i === blocks.length - 1 ? 1 : 0);
    parts.push(Uint8Array.of(header, header >> 8, header >> 16), run ? Uint8Array.of(block[0]) : block);
    contents.push(run ? new Uint8Array(size).fill(block[0]) : block);
  });
  const digest = new Uint32Array(2);
  const content = Buffer.concat(contents);
  xxh64(content, 0, content.length, 0, 0, digest);
  if (checksum) parts.push(new Uint8Array(Uint32Array.of(digest[1]).buffer));
  return Buffer.concat(parts);
}

const zstd = (bytes: Uint8Array, size?: number) => all("zstd", bytes, size);

test(`zstd: files of the reference library (test/golden/scripts/zstd.py)`, async () => {
  for (const name of ["checksum", "stream", "plain", "frames"]) {
    for (const size of [1 << 20, 1000, 1]) assert.deepEqual(await zstd(golden(name), size), text, `${name} by ${size}`);
  }
});

test(`zstd: frames of every small size`, async () => {
  const sizes = [0, 1, 2, 3, 5, 17, 18, 19, 100];
  const file = Buffer.concat(sizes.flatMap((n) => [frame([text.subarray(0, n)]), frame([text.subarray(0, n)], false)]));
  const expected = Buffer.concat(sizes.flatMap((n) => [text.subarray(0, n), text.subarray(0, n)]));
  for (const size of [1 << 20, 5, 1]) assert.deepEqual(await zstd(file, size), expected);
});

test(`zstd: one huge frame in bounded memory`, async () => {
  const file = frame(
    Array.from({ length: 400 }, (_, i) => [i & 255, 1 << 17] as [number, number]),
    false,
  );
  let [total, sum, largest] = [0, 0, 0];
  for await (const piece of decode("zstd", cut(file, 1 << 20), "x")) {
    total += piece.length;
    sum += piece[0];
    largest = Math.max(largest, piece.length);
  }
  assert.equal(total, 400 << 17);
  assert.ok(sum > 0 && largest <= 1 << 20, `pieces of ${largest} bytes`);
});

test(`zstd: every cut is an error`, async () => {
  const file = Buffer.concat([
    frame([text.subarray(0, 300), text.subarray(0, 40)]),
    frame([text.subarray(0, 50)], false),
  ]);
  const boundary = frame([text.subarray(0, 300), text.subarray(0, 40)]).length;
  for (let length = 0; length < file.length; length++) {
    if (length === boundary) continue;
    await assert.rejects(zstd(file.subarray(0, length), 64), dataError("data/truncated-zstd"), `cut at ${length}`);
  }
  const real = golden("stream");
  for (const length of [5, 100, real.length - 4, real.length - 1]) {
    await assert.rejects(zstd(real.subarray(0, length)), dataError("data/truncated-zstd"), `cut at ${length}`);
  }
});

test(`zstd: a changed byte anywhere in a checked frame never passes`, async () => {
  const real = golden("checksum");
  for (let i = 0; i < 60; i++) {
    const changed = Buffer.from(real);
    changed[4 + ((i * 7919) % (real.length - 4))] ^= 1 << (i % 8);
    await assert.rejects(zstd(changed), DataError, `mutant ${i}`);
  }
  const wrongSum = frame([Buffer.from("hello")]);
  wrongSum[wrongSum.length - 1] ^= 1;
  await assert.rejects(zstd(wrongSum), dataError("data/corrupt-zstd", /checksum/i));
});

test(`zstd: what follows or asks for too much is refused`, async () => {
  const one = frame([Buffer.from("hello")]);
  const garbage = Buffer.concat([one, Buffer.from("garbage")]);
  await assert.rejects(
    zstd(garbage, 3),
    dataError("data/corrupt-zstd", new RegExp(`near byte ${one.length}: .*follows`)),
  );
  const window = Buffer.from(one);
  window[5] = 0x90;
  await assert.rejects(zstd(window), dataError("data/zstd-window", /268435456 bytes/));
  const dictionary = Buffer.concat([one.subarray(0, 4), Buffer.of(1, 0x38, 7), one.subarray(6)]);
  await assert.rejects(zstd(dictionary), dataError("data/zstd-dictionary"));
  const reserved = Buffer.from(one);
  reserved[4] |= 8;
  await assert.rejects(zstd(reserved), dataError("data/corrupt-zstd"));
});

test("zstd: a decoder that is handed back is the next one's: a page of a table does not pay for 16 MB", () => {
  const decoder = openZstdDecoder();
  decoder.start();
  decoder.close();
  const next = openZstdDecoder();
  assert.equal(next, decoder);
  next.close();
});

test("an error of the input reaches the reader unchanged", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield zlib.gzipSync(text).subarray(0, 1000);
    throw new Error("the network is gone");
  }
  await assert.rejects(async () => {
    for await (const _ of decode("gzip", broken(), "x"));
  }, /network is gone/);
});
