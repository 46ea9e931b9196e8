/**
 * A look at packed windows: tokens back to text, documents marked off. Reads one window, and the pieces table of
 * its shard.
 */
import { join } from "node:path";
import { entryAt } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import { counted } from "../../batch/plural.ts";
import { AssetLibrary } from "../../io/assets.ts";
import { readPart } from "../../io/local/read-part.ts";
import { loadTokenizer } from "../../io/tokenizer-files.ts";
import { PADDING_WORD, piecesOf } from "../../kernels/pack/fill.ts";
import { openAssets } from "../../plan/assets.ts";
import { sourceAt } from "../../plan/plan.ts";
import { tokenFiles } from "../../store/layout.ts";
import { markerFacts } from "../../store/marker.ts";
import { companions, decodePieces, decodeTokens } from "../../store/token-file.ts";
import { chosenSources, type OpenRun } from "../status.ts";
import { packedRows } from "./row-windows.ts";

export interface PeekedWindow {
  /** Of a packed row of several sources all of them, joined by `+`. */
  readonly source: string;
  /** Of a packed row: the training stage that mixes rows. */
  readonly training_stage?: string;
  readonly file: string;
  readonly window: number;
  readonly documents: number;
  readonly padding_tokens: number;
  /** Decoded text, documents marked off by `‖`, padding as `□`. */
  readonly text: string;
}

export interface PeekWindowsOptions {
  readonly count: number;
  readonly source?: string;
  readonly window?: number;
}

/**
 * Packed windows with their document boundaries marked, and behind them packed rows of stages that mix rows. Throws RunError `run/no-such-window` where no source that
 * is looked at has the window, `run/not-packed` where nothing is packed yet.
 */
export function peekWindows(run: OpenRun, options: PeekWindowsOptions): readonly PeekedWindow[] {
  const { plan, layout } = run;
  const { tokenizer } = plan;
  const stage = plan.sources.find(({ tokenized }) => tokenized)?.stages.at(-1);
  if (stage === undefined || tokenizer === undefined)
    throw new RunError({ code: "run/no-tokenizer", what: "this run has no tokenizer, so it has no windows" });
  const library = new AssetLibrary();
  openAssets(plan, layout, library);
  const loaded = loadTokenizer(tokenizer.name, library.bytes(entryAt(stage.assets, 0, "vocabulary"), stage.use));
  const decode = (ids: Uint32Array): Uint8Array => loaded.decode(ids);
  const names = new Set(chosenSources(run, options.source).map((source) => source.name));
  const found: PeekedWindow[] = [];
  let most = 0;
  for (const entry of plan.windows) {
    const source = sourceAt(plan, entry.source);
    if (!names.has(source.name) || entry.held_out) continue;
    const folder = layout.windows(entry.fingerprint);
    let before = 0;
    for (let shard = 0; ; shard++) {
      const marker = markerFacts<{ windows: number }>(folder, tokenFiles.shardMarker(shard));
      if (marker === undefined || found.length >= options.count) break;
      const path = join(folder, tokenFiles.shard(shard, source.name));
      const first = options.window === undefined ? 0 : options.window - before;
      for (let window = Math.max(0, first); window < marker.windows && found.length < options.count; window++) {
        found.push({
          source: source.name,
          file: path,
          window: before + window,
          ...showWindow(path, window, entry.sequence_length + 1, tokenizer.token_bytes, decode),
        });
      }
      before += marker.windows;
      most = Math.max(most, before);
    }
  }
  for (const stage of plan.rows ?? []) {
    if (!stage.sources.some(({ source }) => names.has(sourceAt(plan, source).name))) continue;
    const packed = packedRows(run, stage, tokenizer.token_bytes, decode);
    const first = options.window ?? 0;
    for (let row = first; row < (packed?.rows ?? 0) && found.length < options.count; row++)
      if (packed !== undefined) found.push(packed.show(row));
    most = Math.max(most, packed?.rows ?? 0);
  }
  if (found.length === 0) throw nothingThere(options.window, most, [...names]);
  return found;
}

function nothingThere(window: number | undefined, windows: number, sources: readonly string[]): RunError {
  const named = sources.join(", ");
  if (windows === 0) {
    const fix = "`shardmill status RUN` says how far it is; run the recipe again to go on";
    return new RunError({ code: "run/not-packed", what: `there are no windows of ${named}`, fix });
  }
  return new RunError({
    code: "run/no-such-window",
    what: `there is no window ${window} of ${named}`,
    fix: windows === 1 ? "there is one, window 0" : `there are ${counted(windows, "window")}, 0 to ${windows - 1}`,
  });
}

function showWindow(
  path: string,
  window: number,
  windowTokens: number,
  tokenBytes: 2 | 4,
  decode: (ids: Uint32Array) => Uint8Array,
): Pick<PeekedWindow, "documents" | "padding_tokens" | "text"> {
  const windowBytes = windowTokens * tokenBytes;
  const bytes = readPart(path, window * windowBytes, windowBytes);
  const tokens = Uint32Array.from(decodeTokens(bytes, tokenBytes, path));
  const pieces = decodePieces(readPart(`${path}${companions.pieces}`), path);
  const shown: string[] = [];
  let documents = 0;
  let padding = 0;
  // The table is of all windows of the shard, and a piece lies in one of them.
  let at = -window * windowTokens;
  for (const { document, length } of piecesOf(pieces)) {
    if (at >= windowTokens) break;
    if (at >= 0 && document === PADDING_WORD) {
      padding += length;
      shown.push("□");
    } else if (at >= 0) {
      documents++;
      shown.push(Buffer.from(decode(tokens.subarray(at, at + length))).toString("utf8"));
    }
    at += length;
  }
  return { documents, padding_tokens: padding, text: shown.join("‖") };
}
