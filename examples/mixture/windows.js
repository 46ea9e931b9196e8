/**
 * What a candidate of a sweep is trained on. Its manifest says which windows of every source it reads; the windows are those of the run that was
 * swept, packed once for all candidates: token ids one behind the other, little-endian, no header.
 */
import fs from "node:fs";
import path from "node:path";

/** Windows of one source in their order, read once. `source` is an entry of a training stage's manifest. */
export function openWindows(source, { store, tokenBytes, windowTokens }) {
  const bytes = Buffer.concat(windowFiles(source.files).map((file) => fs.readFileSync(path.join(store, file.path))));
  const Ids = tokenBytes === 2 ? Uint16Array : Uint32Array;
  const ids = new Ids(bytes.buffer, bytes.byteOffset, bytes.length / tokenBytes);
  return (window) => ids.subarray(window * windowTokens, (window + 1) * windowTokens);
}

/** Of the files of a manifest those that hold tokens, of the first epoch. */
export function windowFiles(files) {
  return files.filter(({ windows, epoch }) => windows !== undefined && epoch === undefined);
}

/** The windows that a candidate reads, source by source. Windows are numbered on through epochs, and every epoch reads the same. */
export function* candidateWindows(folder, windowsOf) {
  const { stages } = JSON.parse(fs.readFileSync(path.join(folder, "manifest.json"), "utf8"));
  for (const { sources } of stages) {
    for (const [name, { start_window, end_window, epoch_windows }] of Object.entries(sources)) {
      for (let window = start_window; window < end_window; window++) yield windowsOf[name](window % epoch_windows);
    }
  }
}
