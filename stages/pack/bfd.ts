/** TRL's default packing, best-fit decreasing in batches of 1,000 rows. The algorithm is kernels/pack/trl.ts. */
import { z } from "zod";
import { planBfd } from "../../kernels/pack/trl.ts";
import { defineStage, packRows } from "../define.ts";
import { mapBatchShape } from "./trl-options.ts";

export default defineStage({
  name: "pack/bfd",
  version: 1,
  kind: "pack",
  packs: ["rows"],
  summary: "Best-fit decreasing within batches of rows, as TRL packs: what is longer than a packed row is cut there.",
  reference: "TRL 1.16, packing_strategy `bfd`",
  options: z.strictObject(mapBatchShape),
  reads: [],
  writes: [],
  reasons: {},
  create: (options) => packRows(({ lengths, capacity }) => planBfd(lengths, capacity, "truncate", options)),
  examples: [],
});
