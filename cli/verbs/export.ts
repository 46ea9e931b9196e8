import { buildCommand } from "@stricli/core";
import type { ExportOptions, Trainer } from "../../index.ts";
import { type CliContext, EXIT, guarded, print } from "../context.ts";
import { outFlag, parseCount } from "../flags.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly out: string;
  readonly to: Trainer;
  readonly pathPrefix?: string;
  readonly globalBatchSize?: number;
  readonly tokenizerName?: string;
  readonly labelMask: boolean;
}

/** As keys, so that the compiler knows when one is missing. */
const TRAINERS: Readonly<Record<Trainer, true>> = {
  nanotron: true,
  megatron: true,
  trl: true,
  "olmo-core": true,
  mosaic: true,
  litdata: true,
  torchtitan: true,
  "modded-nanogpt": true,
};

const text = (value: string): string => value;

export const exportCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: "lay a finished run out for a trainer" },
  parameters: {
    flags: {
      out: outFlag,
      to: { kind: "enum", values: Object.keys(TRAINERS) as Trainer[], brief: "trainer to export for" },
      pathPrefix: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "prefix",
        brief: "what the trainer's configuration puts before every folder, such as s3://bucket/mix",
      },
      globalBatchSize: {
        kind: "parsed",
        parse: parseCount("global-batch-size", 1),
        optional: true,
        placeholder: "n",
        brief: "sequences per training step, for configurations that count in steps",
      },
      tokenizerName: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "what the trainer loads its tokenizer by",
      },
      labelMask: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "olmo-core: write which labels are trained",
      },
    },
    positional: { kind: "tuple", parameters: [runArgument] },
  },
  func(flags, name) {
    return guarded(this, async ({ exportRun, openRun }) => {
      const options: ExportOptions = {
        label_mask: flags.labelMask,
        ...(flags.pathPrefix === undefined ? {} : { path_prefix: flags.pathPrefix }),
        ...(flags.globalBatchSize === undefined ? {} : { global_batch_size: flags.globalBatchSize }),
        ...(flags.tokenizerName === undefined ? {} : { tokenizer_name: flags.tokenizerName }),
      };
      const result = await exportRun(openRun(name, flags.out), flags.to, options);
      for (const path of result.paths) print(this, path);
      for (const warning of result.warnings) this.process.stderr.write(`warning: ${warning}\n`);
      return EXIT.ok;
    });
  },
});
