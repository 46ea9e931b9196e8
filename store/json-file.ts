/** JSON files that are written whole: plans and locks. Invariant: one that is there is read whole, or is an error that says what to do. */
import fs from "node:fs";
import { RunError } from "../batch/errors.ts";

/** What the file at `path` holds; undefined where there is none. Throws RunError `code` where it is not JSON. */
export function readJsonFile(path: string, corrupt: { readonly code: string; readonly fix: string }): unknown {
  let text: string;
  try {
    text = fs.readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = "it was written whole, so something else wrote or damaged it";
    throw new RunError({ ...corrupt, what: `${path} is not JSON`, why }, { cause: error });
  }
}
