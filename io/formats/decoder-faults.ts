/**
 * What went wrong in a decoder, in words for people.
 *
 * Decoders that trust their input fail with the engine's own errors where it is damaged: a read outside its memory, a value that is not there.
 * Those texts are about JavaScript, not about the file. Invariant: a text made here never holds one of them; the error itself stays as the cause.
 */

/** A file that is whole, and asks for what no reader here can do. */
export class Unsupported extends Error {}

/** What to tell of `problem` in a file of the format `name`, beside the reason. */
export function adviceOn(problem: unknown, name: string): { readonly why: string; readonly fix: string } {
  return problem instanceof Unsupported
    ? { why: `it is a part of ${name} that is not read`, fix: "write the file again without it" }
    : {
        why: `the file is damaged, cut off or not ${name}`,
        fix: "compare its size and checksum with the original and fetch it again",
      };
}

/** Why `problem` happened, as said of a file. */
export function reasonOf(problem: unknown): string {
  if (problem instanceof RangeError) return "a length or an offset points outside the bytes that are there";
  if (problem instanceof TypeError || problem instanceof ReferenceError || problem instanceof SyntaxError) {
    return "its parts contradict each other";
  }
  const text = problem instanceof Error ? problem.message : String(problem);
  return text === "" ? "it does not decode" : text;
}
