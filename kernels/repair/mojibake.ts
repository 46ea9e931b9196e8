/**
 * Repairs text that was decoded with the wrong encoding, as ftfy 6.3.1 decides.
 *
 * Owns the order of attempts: the whole text read again as UTF-8 from each single-byte encoding that it could have come
 * from; then parts of it; then Latin-1 that was Windows-1252. Each is tried until nothing changes any more, for text
 * may be broken several times. Invariant: text that does not look bad, ASCII among it, stays as it is. Price: strings,
 * so it is for the few lines that a scan has found.
 */
import { isBad } from "./classes.ts";
import { c1AsWindows1252, hasC1, SINGLE_BYTE } from "./single-byte.ts";
import {
  UTF8_CONTINUATION,
  UTF8_CONTINUATION_STRICT,
  UTF8_FIRST_OF_2,
  UTF8_FIRST_OF_3,
  UTF8_FIRST_OF_4,
} from "./tables.gen.ts";
import { decodeAgain } from "./utf8-again.ts";

export interface MojibakeRules {
  readonly restoreByteA0: boolean;
  readonly replaceLossySequences: boolean;
  readonly decodeInconsistentUtf8: boolean;
  readonly fixC1Controls: boolean;
}

/** Inside of a text that is mended in parts, all of them hold. */
const ALL: MojibakeRules = {
  restoreByteA0: true,
  replaceLossySequences: true,
  decodeInconsistentUtf8: true,
  fixC1Controls: true,
};

/** One or more sequences that look like the bytes of UTF-8 in a single-byte encoding. */
const SEQUENCES = new RegExp(
  `(?<![${UTF8_CONTINUATION_STRICT}])(?:[${UTF8_FIRST_OF_2}][${UTF8_CONTINUATION}]` +
    `|[${UTF8_FIRST_OF_3}][${UTF8_CONTINUATION}]{2}|[${UTF8_FIRST_OF_4}][${UTF8_CONTINUATION}]{3})+`,
  "g",
);

export function fixMojibake(text: string, rules: MojibakeRules): string {
  for (let now = text; ; ) {
    const next = oneStep(now, rules);
    if (next === now) return now;
    now = next;
  }
}

function oneStep(text: string, rules: MojibakeRules): string {
  if (!isBad(text)) return text;
  let isLatin1 = false;
  for (const encoding of SINGLE_BYTE) {
    const bytes = encoding.encode(text);
    if (bytes === undefined) continue;
    if (encoding.name === "latin-1") isLatin1 = true;
    const again = decodeAgain(bytes, {
      // In MacRoman it would be a dash and a space, which are common.
      restoreA0: rules.restoreByteA0 && encoding.name !== "macroman",
      replaceLossy: rules.replaceLossySequences && encoding.isSloppy,
    });
    if (again !== undefined) return again;
  }
  if (rules.decodeInconsistentUtf8) {
    const fixed = text.replace(SEQUENCES, (part) =>
      // A shorter text, so that this comes to an end.
      part.length < text.length && isBad(part) ? fixMojibake(part, ALL) : part,
    );
    if (fixed !== text) return fixed;
  }
  if (isLatin1) {
    const fixed = c1AsWindows1252(text);
    // What is unassigned in Windows-1252 is no reason to believe that it was meant.
    if (fixed !== text && !hasC1(fixed)) return fixed;
  }
  return rules.fixC1Controls && hasC1(text) ? c1AsWindows1252(text) : text;
}
