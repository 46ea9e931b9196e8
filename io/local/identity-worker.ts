/** The entry of a thread that hashes files. Errors go back as data, because a cloned Error loses what the user needs. */
import { type ErrorData, errorToData } from "../../batch/errors.ts";
import { hashFile } from "./hash-file.ts";

export type HashResult =
  | { readonly ok: true; readonly sha256: string }
  | { readonly ok: false; readonly error: ErrorData };

export default async function hash(file: string): Promise<HashResult> {
  try {
    return { ok: true, sha256: await hashFile(file) };
  } catch (error) {
    return { ok: false, error: errorToData(error) };
  }
}
