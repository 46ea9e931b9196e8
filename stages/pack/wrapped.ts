/** TRL's `wrapped`: rows joined and cut. The algorithm is kernels/pack/trl.ts. */
import { z } from "zod";
import { planWrapped } from "../../kernels/pack/trl.ts";
import { defineStage, packRows } from "../define.ts";
import { mapBatchShape } from "./trl-options.ts";

export default defineStage({
  name: "pack/wrapped",
  version: 1,
  kind: "pack",
  packs: ["rows"],
  summary: "Joins the rows of a batch end to end and cuts at every packed row: full rows, and rows are cut.",
  reference: "TRL 1.16, packing_strategy `wrapped`",
  options: z.strictObject(mapBatchShape),
  reads: [],
  writes: [],
  reasons: {},
  create: (options) => packRows(({ lengths, capacity }) => planWrapped(lengths, capacity, options)),
  examples: [],
});
