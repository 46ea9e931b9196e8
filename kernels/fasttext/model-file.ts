/**
 * What a fastText file says of itself: arguments, where its dictionary and matrices lie, and whether they can be there.
 *
 * `.bin` and `.ftz` are one format; a flag in the file tells whether a matrix is quantized. Invariant: every count is checked against the bytes that
 * are left before anything is made of it, and a description's positions lie in the file. A description is plain data. Price: one pass over the dictionary;
 * matrices are not read.
 */

const MAGIC = 793712314;
const NEWEST_VERSION = 12;
const SUPERVISED = 3;
/** Centroids of a part of a quantized row. */
export const CENTROIDS = 256;

export const LOSSES = ["hs", "ns", "softmax", "ova"] as const;
export type Loss = (typeof LOSSES)[number];

export interface QuantizerDescription {
  /** Parts of a row. */
  readonly parts: number;
  /** Floats of a part, and of the last one. */
  readonly part: number;
  readonly last: number;
  /** Byte at which the centroids begin. */
  readonly at: number;
}

export interface MatrixDescription {
  readonly rows: number;
  readonly columns: number;
  /** Byte at which the floats begin, or the codes. */
  readonly at: number;
  readonly quantizer?: QuantizerDescription;
  /** Codes of the rows' norms, and the 256 norms. */
  readonly norms?: { readonly at: number; readonly values: number };
}

export interface ModelDescription {
  readonly dim: number;
  readonly wordNgrams: number;
  readonly loss: Loss;
  readonly buckets: number;
  readonly minn: number;
  readonly maxn: number;
  readonly words: number;
  readonly labels: number;
  /** Byte at which the entries begin: words, then labels; and where they end. */
  readonly entries: number;
  readonly entriesEnd: number;
  /** Buckets that are left, as pairs from byte `at` on; absent where all are. */
  readonly pruned?: { readonly count: number; readonly at: number };
  readonly input: MatrixDescription;
  readonly output: MatrixDescription;
}

/** Says what is wrong with a file that is no model, in words that go after "NAME cannot be used: ". */
export class BadModel extends Error {}

class Cursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Steps over `count` bytes and returns where they begin. */
  skip(count: number, what: string): number {
    const { at } = this;
    if (!(count >= 0 && count <= this.bytes.length - at)) throw new BadModel(`it ends within ${what}`);
    this.at += count;
    return at;
  }

  int32(what: string): number {
    return this.#view.getInt32(this.skip(4, what), true);
  }

  /** A count of at most 2^53. */
  int64(what: string): number {
    const at = this.skip(8, what);
    return this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  byte(what: string): number {
    return this.bytes[this.skip(1, what)];
  }
}

/** Bytes before the dictionary's entries. */
export const HEAD_BYTES = 92;

/** What stands in the first {@link HEAD_BYTES} bytes. Throws {@link BadModel}. */
export function readHead(bytes: Uint8Array) {
  return head(new Cursor(bytes));
}

function head(cursor: Cursor) {
  if (cursor.bytes.length < 8 || cursor.int32("its head") !== MAGIC) throw new BadModel("it is no fastText model");
  const version = cursor.int32("its head");
  if (version > NEWEST_VERSION || version < 11) throw new BadModel(`it is of version ${version}, known are 11 and 12`);
  const [dim, , , , , wordNgrams, loss, model, buckets, minn, longest] = Array.from({ length: 12 }, () =>
    cursor.int32("its arguments"),
  );
  cursor.skip(8, "its arguments");
  if (model !== SUPERVISED)
    throw new BadModel("it holds word vectors and no classifier: it was not trained `supervised`");
  if (LOSSES[loss - 1] === undefined) throw new BadModel(`it has a loss of number ${loss}`);
  // The first version of classifiers wrote a length that was not used.
  const maxn = version === 11 ? 0 : longest;
  const size = cursor.int32("its dictionary");
  const words = cursor.int32("its dictionary");
  const labels = cursor.int32("its dictionary");
  cursor.int64("its dictionary");
  const kept = cursor.int64("its dictionary");
  if (words < 0 || labels < 1 || words + labels !== size || dim < 1 || buckets < 0 || wordNgrams < 0) {
    throw new BadModel("the sizes in its head contradict each other");
  }
  return { dim, wordNgrams, loss: LOSSES[loss - 1], buckets, minn, maxn, words, labels, kept };
}

/** Throws {@link BadModel}. */
export function describeModel(bytes: Uint8Array): ModelDescription {
  const cursor = new Cursor(bytes);
  const { kept, ...sizes } = head(cursor);
  const { words, labels, dim, buckets, maxn, wordNgrams } = sizes;
  const entries = cursor.at;
  skipEntries(cursor, words + labels, words);
  const entriesEnd = cursor.at;
  const pruned = kept < 0 ? undefined : { count: kept, at: cursor.skip(8 * kept, "its buckets") };
  const isQuantized = cursor.byte("its matrices") !== 0;
  if (!isQuantized && pruned !== undefined) throw new BadModel("its buckets are pruned and its rows are not quantized");
  const input = matrix(cursor, isQuantized, "its input rows");
  const isOutputQuantized = cursor.byte("its matrices") !== 0;
  const output = matrix(cursor, isQuantized && isOutputQuantized, "its output rows");
  if (cursor.at !== bytes.length) throw new BadModel(`${bytes.length - cursor.at} bytes follow its end`);
  const rows = words + (pruned === undefined ? buckets : pruned.count);
  if (input.rows !== rows || output.rows !== labels || input.columns !== dim || output.columns !== dim) {
    throw new BadModel("its matrices do not have the size that its head says");
  }
  if (buckets === 0 && (maxn > 0 || wordNgrams > 1) && pruned?.count !== 0)
    throw new BadModel("it has n-grams and no buckets");
  const description = { ...sizes, entries, entriesEnd, input, output };
  return pruned === undefined ? description : { ...description, pruned };
}

/** Steps over the dictionary: texts that a zero byte ends, each with a count and what it is. */
function skipEntries(cursor: Cursor, size: number, words: number): void {
  for (let entry = 0; entry < size; entry++) {
    const end = cursor.bytes.indexOf(0, cursor.at);
    if (end < 0) throw new BadModel("it ends within its dictionary");
    cursor.at = end + 1;
    cursor.skip(8, "its dictionary");
    if (cursor.byte("its dictionary") !== (entry < words ? 0 : 1)) {
      throw new BadModel("its labels do not follow its words");
    }
  }
  if (cursor.at > 2 ** 32 - 1) throw new BadModel("its dictionary is larger than 4 GiB");
}

function matrix(cursor: Cursor, isQuantized: boolean, what: string): MatrixDescription {
  const hasNorms = isQuantized && cursor.byte(what) !== 0;
  const rows = cursor.int64(what);
  const columns = cursor.int64(what);
  if (rows < 0 || columns < 1 || rows > 2 ** 31 || columns > 2 ** 20)
    throw new BadModel(`the size of ${what} makes no sense`);
  if (!isQuantized) return { rows, columns, at: cursor.skip(4 * rows * columns, what) };
  const codes = cursor.int32(what);
  const at = cursor.skip(codes, what);
  const quantizer = quantizerOf(cursor, columns, what);
  if (codes !== rows * quantizer.parts) throw new BadModel(`the codes of ${what} are not as many as its rows need`);
  if (!hasNorms) return { rows, columns, at, quantizer };
  const norms = cursor.skip(rows, what);
  return { rows, columns, at, quantizer, norms: { at: norms, values: quantizerOf(cursor, 1, what).at } };
}

function quantizerOf(cursor: Cursor, columns: number, what: string): QuantizerDescription {
  const dim = cursor.int32(what);
  const parts = cursor.int32(what);
  const part = cursor.int32(what);
  const last = cursor.int32(what);
  if (dim !== columns || parts < 1 || part < 1 || last < 1 || last > part || (parts - 1) * part + last !== dim) {
    throw new BadModel(`the parts of ${what} do not add up to a row`);
  }
  return { parts, part, last, at: cursor.skip(4 * dim * CENTROIDS, what) };
}
