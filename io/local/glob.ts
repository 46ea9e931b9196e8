/**
 * Patterns over `/`-separated paths, local or remote.
 *
 * Owns how a pattern splits into a fixed folder and a glob, what matches, and the order of what was found. Invariant: order is by
 * Unicode code point of the relative path, never by locale, by file system order or by UTF-16 unit.
 */
import picomatch from "picomatch";

export interface Pattern {
  /** The folder that keys are relative to; "" for the root of a relative pattern. */
  readonly base: string;
  /** What lies below `base`: a glob, or one name. */
  readonly rest: string;
  readonly isGlob: boolean;
}

const MAGIC = /[*?[{]|[@!+]\(/;

export function splitPattern(pattern: string): Pattern {
  const segments = pattern.split("/");
  const magic = segments.findIndex((segment) => MAGIC.test(segment));
  const fixed = magic < 0 ? segments.length - 1 : magic;
  const base = segments.slice(0, fixed).join("/");
  return {
    base: base === "" && pattern.startsWith("/") ? "/" : base,
    rest: segments.slice(fixed).join("/"),
    isGlob: magic >= 0,
  };
}

/** Matches paths relative to a pattern's base. Hidden names match only where the glob itself starts a segment with a dot. */
export function globMatcher(glob: string): (relative: string) => boolean {
  return picomatch(glob, { nonegate: true });
}

/** Whether anything below a hidden folder could match. */
export function wantsHidden(glob: string): boolean {
  return /(^|[/{,(|])\\?\./.test(glob);
}

/** Folders below the base that have to be looked into, 0 for none; infinite where the glob may span any number. */
export function globDepth(glob: string): number {
  return /\*\*|[{(]/.test(glob) ? Number.POSITIVE_INFINITY : glob.split("/").length - 1;
}

/** Order by code point. UTF-16 order differs where a surrogate meets U+E000 to U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xIsSurrogate = x >= 0xd800 && x < 0xe000;
    const yIsSurrogate = y >= 0xd800 && y < 0xe000;
    if (xIsSurrogate !== yIsSurrogate) return xIsSurrogate ? (y >= 0xe000 ? 1 : x - y) : x >= 0xe000 ? -1 : x - y;
    return x - y;
  }
  return a.length - b.length;
}
