/** What the operating system says about a file of the user's, in words that help. */
import { DataError } from "../../batch/errors.ts";

/** Runs a read of `location`. Throws DataError `data/unreadable`. */
export function reading<Result>(location: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof DataError) throw error;
    const reason: Record<string, string> = {
      ENOENT: "it does not exist (or is a link to nothing)",
      EACCES: "permission denied",
      EMFILE: "too many files are open",
    };
    throw new DataError(
      {
        code: "data/unreadable",
        what: `cannot read ${location}: ${reason[code] ?? code}`,
        ...(code === "ENOENT" && {
          fix: "put it back; or, where relative patterns start elsewhere, say where with --data-root",
        }),
      },
      { cause: error },
    );
  }
}
