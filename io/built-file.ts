/**
 * Files of the build by their path in `dist/`, and files of the package by their path in it.
 *
 * Why: this module runs as the compiler wrote it, or inside a file of `dist/bundle/`. Both lie one folder deep in `dist/`.
 */
const dist = new URL("../", import.meta.url);

/** A file of `dist/`. */
export function builtFile(path: string): URL {
  return new URL(path, dist);
}

/** A file of the package: its manifest, recipes and docs. */
export function packageFile(path: string): URL {
  return new URL(`../${path}`, dist);
}
