/**
 * Which compression a file has, by its name and by its first bytes.
 *
 * Invariant: what is compressed is never taken for plain bytes, whatever the file is called: a form that is not read has
 * its name here too.
 */

/** Forms that are read. */
export type Codec = "plain" | "gzip" | "zstd" | "bzip2" | "xz";
/** Forms that are known and not read. */
export type ForeignCodec = "lz4" | "zip" | "7z" | "snappy";

const EXTENSIONS: readonly (readonly [string, Exclude<Codec, "plain">])[] = [
  [".gz", "gzip"],
  [".gzip", "gzip"],
  [".zst", "zstd"],
  [".zstd", "zstd"],
  [".bz2", "bzip2"],
  [".xz", "xz"],
];

const SKIPPABLE = Array.from({ length: 16 }, (_, low) => Uint8Array.of(0x50 + low, 0x2a, 0x4d, 0x18));
const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const BZIP2_BLOCKS = [bytes("1AY&SY"), bytes("\x17\x72\x45\x38\x50\x90")];

/** How files of each form begin. */
const MAGIC: Readonly<Record<Exclude<Codec, "plain"> | ForeignCodec, readonly Uint8Array[]>> = {
  gzip: [bytes("\x1f\x8b\x08")],
  zstd: [bytes("\x28\xb5\x2f\xfd"), ...SKIPPABLE],
  // The first four bytes alone may begin a text.
  bzip2: Array.from({ length: 9 }, (_, level) =>
    BZIP2_BLOCKS.map((b) => Buffer.concat([bytes(`BZh${level + 1}`), b])),
  ).flat(),
  xz: [bytes("\xfd7zXZ\x00")],
  lz4: [bytes("\x04\x22\x4d\x18"), bytes("\x02\x21\x4c\x18")],
  zip: [bytes("PK\x03\x04")],
  "7z": [bytes("7z\xbc\xaf\x27\x1c")],
  snappy: [bytes("\xff\x06\x00\x00sNaPpY")],
};

/** No form needs more bytes to be known. */
export const MAGIC_BYTES = 10;

/** The form a file name (or URL without query) asks for. */
export function codecOf(name: string): Codec {
  const lower = name.toLowerCase();
  return EXTENSIONS.find(([extension]) => lower.endsWith(extension))?.[1] ?? "plain";
}

/** The extension for files of `codec`. */
export function extensionOf(codec: Exclude<Codec, "plain">): string {
  return EXTENSIONS.find(([, named]) => named === codec)?.[0] ?? "";
}

/** The form a file has, by its first {@link MAGIC_BYTES}, or all it has. */
export function codecByMagic(head: Uint8Array): Codec | ForeignCodec {
  for (const [codec, magics] of Object.entries(MAGIC) as [Exclude<Codec, "plain"> | ForeignCodec, Uint8Array[]][]) {
    if (magics.some((magic) => beginsWith(head, magic))) return codec;
  }
  return "plain";
}

/** Whether a file with so few bytes may still be of `codec`: it is cut, which the codec itself says best. */
export function mayBecome(head: Uint8Array, codec: Codec): boolean {
  return codec !== "plain" && MAGIC[codec].some((magic) => head.length < magic.length && beginsWith(magic, head));
}

export function isRead(codec: Codec | ForeignCodec): codec is Codec {
  return codec === "plain" || EXTENSIONS.some(([, read]) => read === codec);
}

function beginsWith(head: Uint8Array, magic: Uint8Array): boolean {
  return head.length >= magic.length && magic.every((byte, at) => head[at] === byte);
}
