/** Best-fit decreasing by blocks of documents, then shuffle the windows of each. The algorithm is kernels/pack/best-fit.ts. */
import { z } from "zod";
import { planBestFit } from "../../kernels/pack/best-fit.ts";
import { withoutPadding } from "../../kernels/pack/sequences.ts";
import { defineStage, pack } from "../define.ts";

export default defineStage({
  name: "pack/best-fit",
  version: 2,
  kind: "pack",
  packs: ["windows", "rows"],
  summary:
    "Puts each document, longest first, in the fullest window it fits: only documents longer than a window are cut.",
  reference: "Ding et al., Fewer Truncations Improve Language Modeling, ICML 2024",
  options: z.strictObject({
    max_documents: z
      .int()
      .min(0)
      .default(0)
      .describe(
        "pieces of documents a window may hold; 0 for no limit. A limit costs padding where documents are short",
      ),
  }),
  reads: [],
  writes: [],
  reasons: {},
  create: (options) =>
    pack(
      ({ document_ends, sequence_length, seed }) => planBestFit(document_ends, sequence_length + 1, seed, options),
      ({ lengths, capacity, seed }) =>
        withoutPadding(planBestFit(endsOf(lengths), capacity, seed, { ...options, whole: true })),
    ),
  examples: [],
});

function endsOf(lengths: Uint32Array): Float64Array {
  let end = 0;
  return Float64Array.from(lengths, (length) => {
    end += length;
    return end;
  });
}
