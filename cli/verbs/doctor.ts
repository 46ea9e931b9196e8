import { buildCommand } from "@stricli/core";
import type { Check } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { jsonFlag, outFlag, parseCount } from "../flags.ts";
import { formatTable } from "../format.ts";
import { printableLine } from "../printable.ts";

interface Flags {
  readonly out: string;
  readonly timeout: number;
  readonly json: boolean;
}

export const doctorCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "whether this machine can do what runs need: Node, SIMD, codecs, memory, disk, tokens, the Hub",
    fullDescription: [
      "  shardmill doctor",
      "  shardmill doctor --out /mnt/data/out --timeout 0     without asking the Hub",
      "",
      "Says that a token is set and where it came from, never what it is. Exits 1 where a check fails; warnings do not count.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: outFlag,
      timeout: {
        kind: "parsed",
        parse: parseCount("timeout", 0),
        default: "3",
        placeholder: "s",
        brief: "seconds that the Hub may take to answer; 0: it is not asked",
      },
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [] },
  },
  func(flags) {
    return guarded(this, flags, async ({ checkMachine }) => {
      const checks = await checkMachine({ out: flags.out, timeout_ms: flags.timeout * 1000 });
      if (flags.json) printJson(this, checks);
      else print(this, checksText(checks));
      return checks.some(({ state }) => state === "failed") ? EXIT.failed : EXIT.ok;
    });
  },
});

function checksText(checks: readonly Check[]): string {
  const rows = checks.map(({ name, state, found }) => [name, state, printableLine(found)]);
  const fixes = checks.flatMap(({ name, fix }) => (fix === undefined ? [] : [`  ${name}: ${fix}`]));
  return [formatTable(["check", "", "found"], rows), ...(fixes.length === 0 ? [] : ["", ...fixes])].join("\n");
}
