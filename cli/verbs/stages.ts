import { buildCommand } from "@stricli/core";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { jsonFlag } from "../flags.ts";
import { formatTable } from "../format.ts";

interface Flags {
  readonly json: boolean;
}

const argument = {
  brief: "`show NAME`, or nothing to list all",
  parse: (value: string) => value,
  placeholder: "show name",
};

export const stagesCommand = buildCommand<Flags, string[], CliContext>({
  docs: { brief: "list the stages, or show one: options, reasons, examples (`stages show filter/gopher-quality`)" },
  parameters: { flags: { json: jsonFlag }, positional: { kind: "array", parameter: argument, minimum: 0, maximum: 2 } },
  func(flags, ...words) {
    return guarded(this, flags, async ({ stageFacts, stagePage, stageRegistry }) => {
      const registry = stageRegistry();
      const name = words[0] === "show" ? words[1] : words[0];
      if (name === undefined) {
        const rows = registry.stages.map((stage) => ({
          name: stage.name,
          version: stage.version,
          summary: stage.summary,
        }));
        if (flags.json) printJson(this, rows);
        else
          print(
            this,
            formatTable(
              ["stage", "what it does"],
              rows.map((row) => [row.name, row.summary]),
              "",
            ),
          );
        return EXIT.ok;
      }
      const stage = registry.findStage(name);
      if (flags.json) printJson(this, stageFacts(stage));
      else print(this, stagePage(stage));
      return EXIT.ok;
    });
  },
});
