#!/usr/bin/env node
/** The command line: parses, runs one verb, sets the exit code. A client of the public API and nothing else. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { run } from "@stricli/core";
import { buildCli } from "./app.ts";
import { type CliContext, EXIT } from "./context.ts";
import { PACKAGE_ROOT } from "./package-root.ts";

const manifest: { readonly version: string } = JSON.parse(readFileSync(new URL("package.json", PACKAGE_ROOT), "utf8"));

// A reader that closes its end of the pipe (`| head`) ends the output, not the program's good name.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(EXIT.ok);
});

// Node would open its debugger. Verbs that run tasks take the signal as the end of a job's time (interrupt.ts).
process.on("SIGUSR1", () => {});

await run(buildCli(manifest.version), process.argv.slice(2), { process: process as CliContext["process"] });
// The argument parser uses negative codes for what a user typed wrong.
if (typeof process.exitCode === "number" && process.exitCode < 0) process.exitCode = EXIT.usage;
