/**
 * Finding files on disk.
 *
 * Invariant: what a pattern matches depends on names alone; a link that leads nowhere is an error when it is opened, never passed over.
 */
import fs from "node:fs";
import path from "node:path";
import { RecipeError } from "../../batch/errors.ts";
import { globDepth, globMatcher, type Pattern, splitPattern, wantsHidden } from "./glob.ts";

/** A file that a pattern matched. */
export interface LocalFile {
  /** `/`-separated, from the pattern's fixed folder. */
  readonly relative: string;
  readonly absolute: string;
}

/** The files `pattern` names below `root`, in no particular order. Throws RecipeError `recipe/no-match`, `recipe/folder`. */
export function findLocal(pattern: string, root: string): LocalFile[] {
  const { base, rest, isGlob } = splitLocal(pattern, root);
  const folder = path.resolve(root, base);
  if (!isGlob) return [single(pattern, root, path.join(folder, rest))];
  const found: LocalFile[] = [];
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    const matches = globMatcher(rest);
    walk(folder, "", globDepth(rest), wantsHidden(rest), [], (relative) => {
      if (matches(relative)) found.push({ relative, absolute: path.join(folder, relative) });
    });
  }
  if (found.length === 0) throw noMatch(pattern, root, folder);
  return found;
}

/** A name that exists as it is written is no glob: brackets and braces are legal in file names. */
function splitLocal(pattern: string, root: string): Pattern {
  if (!fs.existsSync(path.resolve(root, pattern))) return splitPattern(pattern);
  return { base: path.dirname(pattern), rest: path.basename(pattern), isGlob: false };
}

function single(pattern: string, root: string, absolute: string): LocalFile {
  const stat = fs.statSync(absolute, { throwIfNoEntry: false });
  if (!stat) throw noMatch(pattern, root, path.dirname(absolute));
  if (!stat.isDirectory()) return { relative: path.basename(absolute), absolute };
  throw new RecipeError({
    code: "recipe/folder",
    what: `${pattern} is a folder`,
    why: "a folder may hold files of several kinds, and readers read one",
    fix: `say which files: ${pattern.replace(/\/$/, "")}/*.parquet, or ${pattern.replace(/\/$/, "")}/** for everything below it`,
  });
}

function walk(
  folder: string,
  prefix: string,
  depth: number,
  hidden: boolean,
  above: readonly string[],
  visit: (relative: string) => void,
): void {
  const { dev, ino } = fs.statSync(folder);
  const here = `${dev}:${ino}`;
  // A link that leads back to a folder above would go round for ever.
  if (above.includes(here)) return;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (!hidden && entry.name.startsWith(".")) continue;
    const absolute = path.join(folder, entry.name);
    const relative = prefix + entry.name;
    const isLink = entry.isSymbolicLink();
    // A dangling link is visited as a file, so that matching it is an error and not a silent loss.
    const isFolder = isLink ? fs.statSync(absolute, { throwIfNoEntry: false })?.isDirectory() : entry.isDirectory();
    if (!isFolder) visit(relative);
    else if (depth > 0) walk(absolute, `${relative}/`, depth - 1, hidden, [...above, here], visit);
  }
}

/** A file that the pattern would match if names were compared without regard to how their accents are written. */
function otherForm(pattern: string, root: string): string | undefined {
  const { base, rest, isGlob } = splitPattern(pattern);
  let folder = path.resolve(root, pattern.startsWith("/") ? "/" : ".");
  for (const segment of base.split("/").filter((part) => part !== "")) {
    const next = path.join(folder, segment);
    const twin = fs.existsSync(next) ? segment : namesIn(folder).find((name) => sameLetters(name, segment));
    if (twin === undefined) return undefined;
    folder = path.join(folder, twin);
  }
  const found = namesOf(folder, rest).find(isGlob ? composedMatcher(rest) : (name) => sameLetters(name, rest));
  return found === undefined ? undefined : path.join(folder, found);
}

function namesIn(folder: string): string[] {
  return fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? fs.readdirSync(folder) : [];
}

/** Files below a folder, as deep as a glob may look. */
function namesOf(folder: string, glob: string): string[] {
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  const names: string[] = [];
  walk(folder, "", globDepth(glob), wantsHidden(glob), [], (relative) => names.push(relative));
  return names;
}

function composedMatcher(glob: string): (name: string) => boolean {
  const matches = globMatcher(glob.normalize("NFC"));
  return (name) => matches(name.normalize("NFC"));
}

function sameLetters(a: string, b: string): boolean {
  return a.normalize("NFC") === b.normalize("NFC");
}

function noMatch(pattern: string, root: string, folder: string): RecipeError {
  const twin = otherForm(pattern, root);
  if (twin !== undefined) {
    const form = twin === twin.normalize("NFD") ? "decomposed (NFD, as macOS writes names)" : "composed (NFC)";
    return new RecipeError({
      code: "recipe/no-match",
      what: `no file matches ${pattern}`,
      why: `${twin} looks the same, but its name is written in another Unicode form: ${form}`,
      fix: "copy the name from a listing of the folder, or put `*` for its accented letters",
    });
  }
  let there = folder;
  while (!fs.statSync(there, { throwIfNoEntry: false })?.isDirectory()) there = path.dirname(there);
  const names = fs.readdirSync(there).filter((name) => !name.startsWith("."));
  const sample = names.sort().slice(0, 5).join(", ");
  const holds =
    names.length === 0 ? "it is empty" : `it holds ${sample}${names.length > 5 ? `, … (${names.length})` : ""}`;
  return new RecipeError({
    code: "recipe/no-match",
    what: `no file matches ${pattern}`,
    why:
      there === folder ? `${there} exists, and ${holds}` : `the nearest folder that exists is ${there}, and ${holds}`,
    fix: "correct the pattern, or say where relative patterns start with --data-root",
  });
}
