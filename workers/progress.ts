/**
 * Counters every worker adds to and the main thread reads: one shared buffer, no messages.
 *
 * Price: a handful of atomic adds per batch. Numbers are for people only; accounting comes from markers.
 */
const PROGRESS_FIELDS = ["rows", "kept", "text_bytes", "tokens"] as const;
export type ProgressField = (typeof PROGRESS_FIELDS)[number];
export type ProgressCounts = Readonly<Record<ProgressField, number>>;

const WIDTH = PROGRESS_FIELDS.length;

export function createProgress(sources: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.max(1, sources) * WIDTH * BigInt64Array.BYTES_PER_ELEMENT);
}

export function addProgress(buffer: SharedArrayBuffer, source: number, counts: ProgressCounts): void {
  const counters = new BigInt64Array(buffer);
  PROGRESS_FIELDS.forEach((field, index) => {
    Atomics.add(counters, source * WIDTH + index, BigInt(counts[field]));
  });
}

export function readProgress(buffer: SharedArrayBuffer, source: number): ProgressCounts {
  const counters = new BigInt64Array(buffer);
  const count = (field: ProgressField): number =>
    Number(Atomics.load(counters, source * WIDTH + PROGRESS_FIELDS.indexOf(field)));
  return { rows: count("rows"), kept: count("kept"), text_bytes: count("text_bytes"), tokens: count("tokens") };
}
