import { buildCommand } from "@stricli/core";
import { type CliContext, EXIT, guarded, print } from "../context.ts";
import { outFlag } from "../flags.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly out: string;
  readonly to: "nanotron";
  readonly pathPrefix?: string;
}

export const exportCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: "lay a finished run out for a trainer" },
  parameters: {
    flags: {
      out: outFlag,
      to: { kind: "enum", values: ["nanotron"], brief: "trainer to export for" },
      pathPrefix: {
        kind: "parsed",
        parse: (value: string) => value,
        optional: true,
        placeholder: "prefix",
        brief: "what the trainer's configuration puts before every folder, such as s3://bucket/mix",
      },
    },
    positional: { kind: "tuple", parameters: [runArgument] },
  },
  func(flags, name) {
    return guarded(this, async ({ exportRun, openRun }) => {
      const result = await exportRun(openRun(name, flags.out), flags.to, flags.pathPrefix);
      for (const path of result.paths) print(this, path);
      for (const warning of result.warnings) this.process.stderr.write(`warning: ${warning}\n`);
      return EXIT.ok;
    });
  },
});
