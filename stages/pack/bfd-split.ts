/** TRL's `bfd_split`: best-fit decreasing without a loss. The algorithm is kernels/pack/trl.ts. */
import { z } from "zod";
import { planBfd } from "../../kernels/pack/trl.ts";
import { defineStage, packRows } from "../define.ts";
import { mapBatchShape } from "./trl-options.ts";

export default defineStage({
  name: "pack/bfd-split",
  version: 1,
  kind: "pack",
  packs: ["rows"],
  summary: "As `pack/bfd`, but a longer row is cut into pieces that are packed each by itself: nothing is lost.",
  reference: "TRL 1.16, packing_strategy `bfd_split`",
  options: z.strictObject(mapBatchShape),
  reads: [],
  writes: [],
  reasons: {},
  create: (options) => packRows(({ lengths, capacity }) => planBfd(lengths, capacity, "split", options)),
  examples: [],
});
