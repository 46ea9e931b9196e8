/**
 * Counters every worker adds to and the main thread reads: one shared buffer, no messages.
 *
 * Price: a handful of atomic adds per batch. Numbers are for people only; accounting comes from markers.
 */
/** `bytes` are those of the input: of a span that is done all of them, whatever of them had to be read. */
const PROGRESS_FIELDS = ["bytes", "rows", "kept", "text_bytes", "tokens"] as const;
export type ProgressField = (typeof PROGRESS_FIELDS)[number];
export type ProgressCounts = Readonly<Record<ProgressField, number>>;

const WIDTH = PROGRESS_FIELDS.length;

export function createProgress(sources: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.max(1, sources) * WIDTH * BigInt64Array.BYTES_PER_ELEMENT);
}

export function addProgress(buffer: SharedArrayBuffer, source: number, counts: Partial<ProgressCounts>): void {
  const counters = new BigInt64Array(buffer);
  PROGRESS_FIELDS.forEach((field, index) => {
    const count = counts[field] ?? 0;
    if (count > 0) Atomics.add(counters, source * WIDTH + index, BigInt(count));
  });
}

export function readProgress(buffer: SharedArrayBuffer, source: number): ProgressCounts {
  const counters = new BigInt64Array(buffer);
  const count = (field: ProgressField): number =>
    Number(Atomics.load(counters, source * WIDTH + PROGRESS_FIELDS.indexOf(field)));
  return {
    bytes: count("bytes"),
    rows: count("rows"),
    kept: count("kept"),
    text_bytes: count("text_bytes"),
    tokens: count("tokens"),
  };
}
