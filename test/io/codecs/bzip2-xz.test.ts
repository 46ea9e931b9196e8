import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { type Codec, decode } from "../../../io/codecs/codec.ts";
import { digest, mutant, verdict } from "./mutants.ts";

const golden = (name: string) => fs.readFileSync(path.join(process.cwd(), "test/golden/compressed", name));
const text = Buffer.from(
  Array.from({ length: 6000 }, (_, i) => `line ${i}: the quick brown fox, “quoted”, ${(i * i) % 9973}\n`).join(""),
);
const runs = Buffer.concat(
  [1, 3, 4, 5, 255, 258, 259, 260, 300, 10_000, 4, 4, 0, 70_000].map((n, i) => Buffer.alloc(n, 97 + (i % 7))),
);
const everyByte = Buffer.concat(Array.from({ length: 8 }, () => Uint8Array.from({ length: 256 }, (_, i) => i)));

async function all(codec: Codec, bytes: Uint8Array, size = 1 << 20): Promise<Buffer> {
  const cut = async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  const pieces: Uint8Array[] = [];
  for await (const piece of decode(codec, cut(), "shard.x")) pieces.push(piece);
  return Buffer.concat(pieces);
}

const FILES: readonly (readonly [Codec, string, Buffer])[] = [
  ["bzip2", "text.bz2", text],
  ["bzip2", "streams.bz2", text],
  ["bzip2", "runs.bz2", runs],
  ["bzip2", "bytes.bz2", everyByte],
  ["xz", "text.xz", text],
  ["xz", "streams.xz", text],
  ["xz", "none.xz", text],
];

for (const [codec, name, content] of FILES) {
  test(`${name} of the reference library (test/golden/scripts/compressed.py), in pieces of any size`, async () => {
    for (const size of [1 << 20, 4093, 1])
      assert.ok((await all(codec, golden(name), size)).equals(content), `by ${size}`);
  });

  test(`${name}: every cut is found`, async () => {
    const file = golden(name);
    const lengths = [0, 1, 3, 5, 9, 20, file.length - 20, file.length - 8, file.length - 4, file.length - 1];
    for (const length of lengths) {
      await assert.rejects(
        all(codec, file.subarray(0, length)),
        { code: `data/truncated-${codec}` },
        `cut at ${length}`,
      );
    }
  });
}

test("bzip2 and xz: what follows a stream is refused", async () => {
  for (const [codec, name] of FILES) {
    const file = Buffer.concat([golden(name), Buffer.from("garbage after it")]);
    await assert.rejects(all(codec, file), { code: `data/corrupt-${codec}` }, name);
  }
});

test("bzip2 and xz: damage is found, or the content is the same", async () => {
  for (const [codec, name, content] of [FILES[0], FILES[1], FILES[4], FILES[5]]) {
    const whole = `${content.length} ${digest(content)}`;
    for (let number = 0; number < 40; number++) {
      const { damage, bytes } = mutant(number, [golden(name)], ["flip", "byte", "cut", "zero", "lose", "repeat"]);
      const found = await verdict(codec, bytes);
      const isFound = new RegExp(`^data/(truncated|corrupt|wrong)-(${codec}|codec) |^data/xz-options `).test(found);
      assert.ok(isFound || found === whole, `${name} ${number} (${damage}): ${found}`);
    }
  }
});

test("xz: a check or a filter that is not supported is named", async () => {
  for (const name of ["sha256.xz", "delta.xz"]) {
    await assert.rejects(all("xz", golden(name)), { code: "data/xz-options", message: /filter|check/ }, name);
  }
});

test("files of forms that are not read are named by their first bytes, whatever they are called", async () => {
  const forms: readonly (readonly [string, Uint8Array])[] = [
    ["lz4", Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, 0, 0, 0, 0)],
    ["zip", Buffer.from("PK\x03\x04 and so on")],
    ["7z", Buffer.from("7z\xbc\xaf\x27\x1c and so on", "latin1")],
    ["snappy", Buffer.from("\xff\x06\x00\x00sNaPpY...", "latin1")],
  ];
  for (const [form, bytes] of forms) {
    for (const codec of ["plain", "gzip", "bzip2"] as const) {
      const wanted = { code: "data/unsupported-codec", message: new RegExp(`shard\\.x is ${form}`) };
      await assert.rejects(all(codec, bytes), wanted, `${form} as ${codec}`);
    }
  }
  for (const [codec, name] of FILES) {
    await assert.rejects(all("plain", golden(name)), { code: "data/wrong-codec", message: new RegExp(codec) });
  }
  // What only begins like one is text.
  assert.equal((await all("plain", Buffer.from("BZh9 is how it begins"))).toString(), "BZh9 is how it begins");
});
