import { buildCommand } from "@stricli/core";
import type { Finding } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { jsonFlag, outFlag } from "../flags.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly out: string;
  readonly json: boolean;
}

export const verifyCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: "re-read every file of a run: checksums, windows, document boundaries, accounting, weights" },
  parameters: { flags: { out: outFlag, json: jsonFlag }, positional: { kind: "tuple", parameters: [runArgument] } },
  func(flags, name) {
    return guarded(this, flags, async ({ openRun, verifyRun }) => {
      const findings = await verifyRun(openRun(name, flags.out));
      if (flags.json) printJson(this, { counts: countsOf(findings), findings });
      else if (findings.length === 0) print(this, `${name}: every file, boundary and count is as its manifest says`);
      else for (const finding of findings) print(this, describe(finding));
      return findings.some((finding) => finding.severity === "error") ? EXIT.failed : EXIT.ok;
    });
  },
});

function countsOf(findings: readonly Finding[]): Readonly<Record<Finding["severity"], number>> {
  const count = (severity: Finding["severity"]): number =>
    findings.filter((found) => found.severity === severity).length;
  return { error: count("error"), note: count("note") };
}

function describe({ severity, code, stage, source, file, what }: Finding): string {
  const where = [stage, source, file].filter((part) => part !== undefined).join(" / ");
  return `${severity}[${code}]${where === "" ? "" : ` ${where}`}: ${what}`;
}
