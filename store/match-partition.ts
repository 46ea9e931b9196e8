/**
 * The groups of documents that share a key, or documents in the order of their keys, from the key files of all spans, one partition of the key
 * space at a time.
 *
 * Invariant: the same documents in the same order for any order of the files and any memory. Price: every record is read twice,
 * where the keys do not fit once more per further part; memory is `memory_bytes` and a read buffer, whatever the number of
 * files, but for records of one key, which are held together: 16 bytes each for keys of 8 bytes.
 */

import { pathOf, type Vouched } from "../io/local/vouched.ts";
import { type DocumentSet, type GroupVisitor, KeyGroups, type KeyRecords } from "../kernels/dedup/group-keys.ts";
import { checkDocumentCount } from "../kernels/dedup/union-find.ts";
import { brokenKeyFile, KeyFile } from "./key-file.ts";

/** A piece that stays in the second cache. */
const READ_BYTES = 256 << 10;
/** Memory a matcher keeps between two partitions: that of a few hundred thousand records. */
const KEPT_BYTES = 16 << 20;

/** A key file of one span. */
export interface KeyInput {
  readonly file: Vouched;
  /** Global number of the span's first document. Spans do not overlap. */
  readonly firstDocument: number;
}

export interface MatchOptions {
  /** Bound of the records held at a time. */
  readonly memory_bytes: number;
  /** Global documents that do not take part, because they are already dropped. */
  readonly skip?: DocumentSet;
}

/** Matches one partition after another in the same memory. */
export class PartitionMatcher {
  readonly #keyBytes: 8 | 16;
  readonly #buffer = new Uint32Array(READ_BYTES / 4);
  readonly #create: () => KeyRecords;
  #records: KeyRecords;

  /** `create` makes what takes the records: unless it is given, groups of documents that share a key. */
  constructor(keyBytes: 8 | 16, create: () => KeyRecords = () => new KeyGroups(keyBytes)) {
    this.#keyBytes = keyBytes;
    this.#create = create;
    this.#records = create();
  }

  /** Shows `visitor` what the keys of `partition` come to: see {@link KeyGroups}, {@link KeyOrder}. Throws RunError `store/damaged`, `run/broken-key-file`. */
  match(inputs: readonly KeyInput[], partition: number, options: MatchOptions, visitor: GroupVisitor): void {
    const { memory_bytes, skip } = options;
    const taken = this.#records;
    const ordered = inputs.toSorted((a, b) => a.firstDocument - b.firstDocument);
    checkDocumentCount((ordered.at(-1)?.firstDocument ?? 0) + 1);
    taken.reset();
    this.#read(ordered, partition, (records, firstDocument) => taken.count(records, firstDocument, skip));
    for (const part of taken.parts(Math.floor(memory_bytes / taken.record_bytes))) {
      taken.open(part);
      this.#read(ordered, partition, (records, firstDocument) => taken.place(records, firstDocument, skip));
      taken.visit(visitor);
    }
    if (taken.memory_bytes > KEPT_BYTES) this.#records = this.#create();
  }

  #read(
    inputs: readonly KeyInput[],
    partition: number,
    take: (records: Uint32Array, firstDocument: number) => void,
  ): void {
    const key_bytes = this.#keyBytes;
    let partitions = 0;
    for (const { file: vouched, firstDocument } of inputs) {
      const file = new KeyFile(vouched);
      try {
        if (file.key_bytes !== key_bytes) throw brokenKeyFile(pathOf(vouched), `has keys of ${file.key_bytes} bytes`);
        partitions ||= file.partitions;
        if (file.partitions !== partitions || partition >= partitions) {
          throw brokenKeyFile(pathOf(vouched), `has ${file.partitions} partitions, another number than expected`);
        }
        for (const records of file.read(partition, this.#buffer)) take(records, firstDocument);
      } finally {
        file.close();
      }
    }
  }
}
