/**
 * The first documents of a sample of a source: what is common in it tells nothing of benchmarks.
 *
 * Invariant: the same file gives the same documents; what it holds is part of the fingerprint of the stage. Price: a decode of the file up to the bytes that are asked for, in each
 * thread.
 */
import type { AssetRef, Assets } from "../assets.ts";
import { type BenchmarkFormat, readBenchmark } from "./benchmark-texts.ts";

/** A sample as options name it. */
export interface CommonTexts {
  readonly file: AssetRef;
  readonly format: BenchmarkFormat;
  readonly column: string;
  readonly max_bytes: number;
}

/** Documents of at most `max_bytes` bytes together. */
export async function readSample(
  { file, format, column, max_bytes }: CommonTexts,
  assets: Assets,
): Promise<Uint8Array[]> {
  const documents: Uint8Array[] = [];
  let bytes = 0;
  const from = { name: assets.name(file), bytes: assets.bytes(file), format, columns: [column] };
  await readBenchmark({ ...from, answer: null, answer_index: null, passage: null }, ({ question }) => {
    bytes += question.length;
    if (bytes <= max_bytes) documents.push(question.slice());
  });
  return documents;
}
