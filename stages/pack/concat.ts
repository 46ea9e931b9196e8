/** Concatenate and chunk, then shuffle the windows: SmolLM3's packing. The algorithm is kernels/pack/concat.ts. */
import { z } from "zod";
import { planConcat } from "../../kernels/pack/concat.ts";
import { defineStage, pack } from "../define.ts";

export default defineStage({
  name: "pack/concat",
  version: 2,
  kind: "pack",
  summary:
    "Joins documents end to end, cuts at every window edge and shuffles the windows in blocks: no padding, but documents are cut.",
  reference: "datatrove DocumentTokenizer with shuffle_chunk_size = sequence length + 1, without its dropped tail",
  options: z.strictObject({}),
  reads: [],
  writes: [],
  reasons: {},
  create: () =>
    pack(({ document_ends, sequence_length, seed }) => planConcat(document_ends, sequence_length + 1, seed)),
  examples: [],
});
