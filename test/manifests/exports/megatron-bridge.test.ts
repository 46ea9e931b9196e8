import assert from "node:assert/strict";
import { test } from "node:test";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { EXPORTERS } from "../../../manifests/exports/registry.ts";
import type { RowBlock } from "../../../manifests/exports/views.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { isTrained, makeSmallRun } from "../small-run.ts";
import { exportTo } from "./open-run.ts";

interface PackedRow {
  readonly input_ids: readonly number[];
  readonly loss_mask: readonly number[];
  readonly seq_start_id: readonly number[];
}

async function rowsOf(bytes: Uint8Array): Promise<PackedRow[]> {
  return (await parquetReadObjects({ file: new Uint8Array(bytes).buffer })) as unknown as PackedRow[];
}

/** Exports one row made by hand and returns the bytes by path. */
function writeBlock(block: RowBlock, rowTokens: number): Map<string, Buffer> {
  const exporter = EXPORTERS["megatron-bridge"];
  assert.equal(exporter.reads, "rows");
  const files = new Map<string, Buffer>();
  const stored = (path: string, parts: readonly Uint8Array[]): void => void files.set(path, Buffer.concat(parts));
  const folder = {
    file: (path: string, fill: (file: { write: (bytes: Uint8Array) => void }) => void) => {
      const parts: Uint8Array[] = [];
      fill({ write: (bytes) => parts.push(bytes.slice()) });
      stored(path, parts);
    },
    text: (path: string, text: string) => stored(path, [Buffer.from(text)]),
  };
  const source = {
    source: "chat",
    weight: 1,
    rows: 1,
    row_tokens: rowTokens,
    has_loss: true,
    ranges: [{ epoch: 0, shard: 0, start: 0, end: 1 }],
    open: () => ({ read: () => block }),
  };
  const stage = { name: "sft", sequence_length: rowTokens, rows: 1, sources: [source] };
  exporter.write([stage], { folder, seed: 6, options: {} } as unknown as Parameters<typeof exporter.write>[1]);
  return files;
}

test("a row is what the reference packer makes of the same two samples", async () => {
  const files = writeBlock(
    {
      tokens: Uint32Array.of(5, 6, 7, 8, 9, 1, 2, 0),
      // The assistant's turns: 7, 8, 9 of the first sample, 2 of the second; then one token of padding.
      loss: Uint8Array.of(0, 0, 1, 1, 1, 0, 1, 0),
      pieces: Uint32Array.of(0, 0, 5, 1, 0, 2, 0xffff_ffff, 0, 1),
    },
    8,
  );
  const bytes = files.get("sft/chat-00000.parquet") ?? Buffer.of();
  assert.deepEqual(await rowsOf(bytes), [
    { input_ids: [5, 6, 7, 8, 9, 1, 2], loss_mask: [0, 1, 1, 1, 0, 1, 0], seq_start_id: [0, 5] },
  ]);
  const elements = parquetMetadata(new Uint8Array(bytes).buffer).schema.filter(({ name }) => name === "element");
  assert.deepEqual(
    elements.map(({ converted_type }) => converted_type),
    [undefined, "INT_8", undefined],
  );
  assert.deepEqual(JSON.parse(files.get("sft.packed_metadata.jsonl")?.toString() ?? ""), [
    {
      dataset_max_seqlen: 5,
      max_samples_per_bin: 2,
      min_packed_seqlen: 5,
      pack_size: 8,
      packing_efficiency: 87.5,
      packing_factor: 2,
    },
  ]);
});

test("the reader's own shift finds every trained token, in rows of a whole run", async (t) => {
  const root = temporaryFolder(t);
  const { manifests } = makeSmallRun(root, undefined, 3, ["web"]);
  const { read, files } = exportTo(root, manifests, "megatron-bridge");
  const trl = exportTo(root, manifests, "trl");
  let trained = 0;
  for (const path of files.filter((file) => file.endsWith(".parquet"))) {
    const rows = await rowsOf(read(path));
    const labels = (await parquetReadObjects({ file: new Uint8Array(trl.read(path)).buffer })).map(
      ({ labels }) => labels as number[],
    );
    rows.forEach(({ input_ids, loss_mask, seq_start_id }, row) => {
      const bounds = [...seq_start_id, input_ids.length];
      const seen: number[] = [];
      for (let i = 0; i + 1 < bounds.length; i++) {
        const [start, end] = [bounds[i], bounds[i + 1]];
        // labels = ids[s+1:e], mask = loss_mask[s:e-1]
        for (let at = start; at < end - 1; at++) {
          assert.equal(loss_mask[at] === 1, path.includes("code") || isTrained(input_ids[at + 1]));
          if (loss_mask[at] === 1) seen.push(input_ids[at + 1]);
        }
        assert.equal(loss_mask[end - 1], 0);
      }
      assert.deepEqual(
        seen,
        labels[row].filter((label) => label !== -100),
        "TRL trains the same labels",
      );
      trained += seen.length;
    });
  }
  assert.ok(trained > 1000);
});
