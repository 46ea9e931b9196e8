/**
 * What the zstd library refuses, in words of our own: its builds name or number an error, and their texts differ
 * between versions.
 */
const FAULTS = [
  { number: 10, name: "prefix_unknown", words: "no frame starts here" },
  { number: 12, name: "version_unsupported", words: "the frame has an unknown version" },
  { number: 14, name: "frameParameter_unsupported", words: "the frame header asks for what does not exist" },
  { number: 16, name: "frameParameter_windowTooLarge", words: "the frame needs too much memory" },
  { number: 20, name: "corruption_detected", words: "a block does not decode" },
  { number: 22, name: "checksum_wrong", words: "the content checksum does not match" },
  { number: 24, name: "literals_headerWrong", words: "a block does not decode" },
  { number: 30, name: "dictionary_corrupted", words: "a block does not decode" },
  { number: 32, name: "dictionary_wrong", words: "the frame needs a dictionary" },
  { number: 64, name: "memory_allocation", words: "there is no memory to decode it" },
  { number: 70, name: "dstSize_tooSmall", words: "it holds more bytes than its headers say" },
  { number: 72, name: "srcSize_wrong", words: "the frame ends too early or too late" },
] as const;

export type ZstdFaultName = (typeof FAULTS)[number]["name"];

/** In `node:zlib`'s codes the library's names stand behind this. */
const NODE_PREFIX = "ZSTD_error_";

export class ZstdFault extends Error {
  /** Nothing is wrong with the data. */
  readonly isMemory: boolean;

  constructor(name: ZstdFaultName) {
    super(FAULTS.find((fault) => fault.name === name)?.words);
    this.name = "ZstdFault";
    this.isMemory = name === "memory_allocation";
  }

  /** By the number of the library. */
  static ofNumber(number: number): ZstdFault {
    return new ZstdFault(FAULTS.find((fault) => fault.number === number)?.name ?? "corruption_detected");
  }

  /** By what `node:zlib` throws; anything else is passed back as it is. */
  static ofNode(error: unknown): unknown {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== "string" || !code.startsWith(NODE_PREFIX)) return error;
    return new ZstdFault(FAULTS.find(({ name }) => NODE_PREFIX + name === code)?.name ?? "corruption_detected");
  }
}
