/**
 * What went wrong in a decoder, in words for people.
 *
 * Decoders that trust their input fail with the engine's own errors where it is damaged: a read outside its memory, a value that is not there.
 * Those texts are about JavaScript, not about the file. Invariant: a text made here never holds one of them; the error itself stays as the cause.
 */

/** Why `problem` happened, as said of a file. */
export function reasonOf(problem: unknown): string {
  if (problem instanceof RangeError) return "a length or an offset points outside the bytes that are there";
  if (problem instanceof TypeError || problem instanceof ReferenceError || problem instanceof SyntaxError) {
    return "its parts contradict each other";
  }
  const text = problem instanceof Error ? problem.message : String(problem);
  return text === "" ? "it does not decode" : text;
}
