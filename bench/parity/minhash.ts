/**
 * The MinHash part of the parity page: `.sig` files and clusters of datatrove beside ours, with `words: spacy-en`.
 *
 * The bytes of the `.sig` files are made from the signatures of the stage's own sketch, in datatrove's format: every
 * record is eight slots of 64 bits and the document, sorted. Clusters are those of a whole run. Which row of a cluster
 * stays differs on purpose and is counted apart.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { wasmModule } from "../../io/wasm.ts";
import { drawPermutations } from "../../kernels/minhash/permutations.ts";
import { SHINGLE_HASHES } from "../../kernels/minhash/shingles.ts";
import { MinHash } from "../../kernels/minhash/signature.ts";
import { DatatroveSketcher } from "../../kernels/minhash/sketch.ts";
import { WasmMinHash } from "../../kernels/wasm/minhash.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { runPeer } from "../support/peer.ts";
import { describeDocuments, type ParityDocument, parityDocuments } from "./documents.ts";
import { throughStage, writeRows } from "./own-run.ts";
import { type ParitySection, tableOf } from "./section.ts";

const SHAPE = { ngram: 5, bands: 14, rows: 8, seed: 1 };
const SLOTS = SHAPE.bands * SHAPE.rows;
const RECORD_BYTES = 8 * SHAPE.rows + 4;
const NAMED = 20;

interface PeerResult {
  readonly signature_bytes: number;
  readonly digests: readonly string[];
  readonly clusters: readonly (readonly [row: number, cluster: number])[];
  readonly removed: readonly number[];
}

/** Digests of datatrove's `.sig` file of each bucket, made of our signatures. */
function signatureDigests(documents: readonly ParityDocument[]): { bytes: number; digests: string[] } {
  const permutations = drawPermutations(SLOTS, SHAPE.seed);
  const module = wasmModule("minhash");
  const minhash = module ? new WasmMinHash(module, permutations) : new MinHash(permutations);
  const sketcher = new DatatroveSketcher(SHAPE, SHINGLE_HASHES.xxh64, segmenter("spacy-en"), minhash);
  const keys = new Uint32Array(2 * SHAPE.bands);
  const buckets = Array.from({ length: SHAPE.bands }, (): bigint[][] => []);
  for (const [row, { text }] of documents.entries()) {
    const bytes = Buffer.from(text);
    if (!sketcher.sketch(bytes, 0, bytes.length, keys)) continue;
    const { signature } = minhash;
    for (const [bucket, records] of buckets.entries()) {
      const slots = Array.from({ length: SHAPE.rows }, (_, i) => {
        const at = 2 * (bucket * SHAPE.rows + i);
        return (BigInt(signature[at]) << 32n) | BigInt(signature[at + 1]);
      });
      records.push([...slots, BigInt(row)]);
    }
  }
  const digests = buckets.map((records) => {
    records.sort(compareRecords);
    const file = Buffer.alloc(RECORD_BYTES * records.length);
    records.forEach((record, i) => {
      for (let slot = 0; slot < SHAPE.rows; slot++) file.writeBigUInt64LE(record[slot], RECORD_BYTES * i + 8 * slot);
      file.writeUInt32LE(Number(record[SHAPE.rows]), RECORD_BYTES * i + 8 * SHAPE.rows);
    });
    return createHash("sha256").update(file).digest("hex");
  });
  return { bytes: RECORD_BYTES * buckets[0].length, digests };
}

function compareRecords(a: readonly bigint[], b: readonly bigint[]): number {
  for (const [i, value] of a.entries()) {
    if (value !== b[i]) return value < b[i] ? -1 : 1;
  }
  return 0;
}

/** The lowest row of each row's cluster, by row; rows of no cluster have no entry. */
function lowestOf(members: Iterable<readonly [row: number, cluster: number]>): Map<number, number> {
  const list = [...members];
  const lowest = new Map<number, number>();
  for (const [row, cluster] of list) lowest.set(cluster, Math.min(row, lowest.get(cluster) ?? row));
  return new Map(list.map(([row, cluster]) => [row, lowest.get(cluster) ?? row]));
}

export const minhash: ParitySection = {
  name: "minhash",
  title: "MinHash: datatrove 0.10.1",
  run: async (context) => {
    const documents = await parityDocuments(context);
    const folder = mkdtempSync(path.join(os.tmpdir(), "parity-"));
    try {
      const file = writeRows(folder, documents);
      const signatures = signatureDigests(documents);
      const { dropped } = await throughStage(folder, file, "{ use: dedup/minhash, words: spacy-en }");
      context.say(`ours: ${dropped.size} of ${documents.length} documents fall`);
      const peer = JSON.parse(runPeer(context.python, "datatrove_dedup.py", ["minhash", file])) as PeerResult;
      const equalFiles = signatures.digests.filter((digest, bucket) => digest === peer.digests[bucket]).length;
      const members = new Map<number, number>();
      for (const [row, survivor = row] of dropped) members.set(row, survivor).set(survivor, survivor);
      const ours = lowestOf(members);
      const theirs = lowestOf(peer.clusters);
      const rows = [...new Set([...ours.keys(), ...theirs.keys()])].sort((a, b) => a - b);
      const apart = rows.filter((row) => ours.get(row) !== theirs.get(row));
      const removed = new Set(peer.removed);
      const otherSurvivors = [...new Set(members.values())].filter((row) => removed.has(row)).length;
      const holds = equalFiles === SHAPE.bands && signatures.bytes === peer.signature_bytes && apart.length === 0;
      const clusters = new Set(ours.values()).size;
      const table = tableOf(
        [
          "documents",
          "signatures",
          "equal `.sig` files",
          "rows in clusters here, there",
          "clusters here, there",
          "rows in another cluster",
          "removed here, there",
          "clusters of which another row stays",
        ],
        [
          [
            documents.length,
            signatures.bytes / RECORD_BYTES,
            `${equalFiles} of ${SHAPE.bands}`,
            `${ours.size}, ${theirs.size}`,
            `${clusters}, ${new Set(theirs.values()).size}`,
            apart.length,
            `${dropped.size}, ${removed.size}`,
            otherSurvivors,
          ],
        ],
      );
      const about =
        "14 bands of 8, 5 words a shingle, XXH64, `words: spacy-en`; every `.sig` file is compared byte by byte, by SHA-256. " +
        "Another row of a cluster stays on purpose: here the lowest address, there the root of a union by size, which depends on the order of " +
        `pairs. ${describeDocuments(documents, context)}`;
      const named = apart.slice(0, NAMED).map((row) => {
        const { from, row: at } = documents[row];
        return `- ${from} #${at}: cluster of row ${theirs.get(row)} there, of ${ours.get(row)} here`;
      });
      const listed = apart.length === 0 ? "There is no difference." : `Differences:\n\n${named.join("\n")}`;
      return {
        text: `${table}\n\n${about}\n\n${listed}`,
        holds,
        figures: {
          documents: documents.length,
          signature_bytes: signatures.bytes,
          equal_files: equalFiles,
          clusters,
          members: ours.size,
          apart: apart.length,
          dropped: dropped.size,
          peer_removed: removed.size,
          other_survivors: otherSurvivors,
        },
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
