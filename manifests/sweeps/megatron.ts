/**
 * A sweep for Megatron: every source in parts, each a `.idx` over the store's own tokens, and a blend a candidate and training stage.
 *
 * Megatron starts every prefix at its first sample, so two phases may not name the same one: a phase takes whole parts, and the next one goes on
 * at the next part. An index points anywhere into its `.bin`, so that is a link to the shard and no token is copied. Price: 20 bytes
 * a document, once for all candidates.
 */
import { entryAt } from "../../batch/entry.ts";
import { megatronDocuments, megatronHeader, megatronLengths } from "../../kernels/exports/megatron.ts";
import { encodeEnds } from "../../store/token-file.ts";
import { numbered } from "../exports/define.ts";
import { type DocumentRange, documentPlaces } from "../exports/views.ts";
import {
  candidateFile,
  type SweepContext,
  type SweepWriter,
  type SweptShare,
  sharedPath,
  usedShares,
} from "./views.ts";

const BASE = "shared/megatron";
/** Parts that a source falls into at least, so that a phase passes over little. */
const LEAST_PARTS = 16;

/** Consecutive documents of a shard under a prefix of their own. */
interface Part {
  readonly prefix: string;
  readonly tokens: number;
  readonly documents: number;
}

export const writeMegatron: SweepWriter = (candidates, stores, context) => {
  const parts = new Map<string, readonly Part[]>();
  for (const { source } of usedShares(candidates)) {
    if (!parts.has(source)) parts.set(source, writeParts(source, stores.documents(source), context));
  }
  const counts = [...parts.values()].flat().map(({ prefix, documents }) => {
    return [sharedPath(prefix, context), [documents, documents + 1]] as const;
  });
  context.folder.text(`${BASE}/sequences.json`, `${JSON.stringify(Object.fromEntries(counts), null, 2)}\n`);
  const wrapped = new Set<string>();
  for (const candidate of candidates) {
    const places = new Map<string, number>();
    for (const stage of candidate.stages) {
      const lines = stage.sources.flatMap((share) => {
        const all = entryOfMap(parts, share.source);
        const kept = all.slice(0, partsFor(all, candidate.part_ratio));
        const start = places.get(share.source) ?? firstPart(kept, share);
        const { taken, next } = takeParts(kept, start, share.tokens + 1);
        places.set(share.source, next);
        if (next > kept.length && share.end_window <= share.epoch_windows) wrapped.add(share.source);
        return [...taken].map(([at, tokens]) => {
          const weight = (share.weight * tokens) / (share.tokens + 1);
          return `${Number(weight.toPrecision(12))} ${sharedPath(entryAt(kept, at, "part").prefix, context)}`;
        });
      });
      context.folder.text(candidateFile(candidate, `${stage.name}.blend`), `${lines.join("\n")}\n`);
    }
  }
  if (wrapped.size === 0) return [];
  const named = [...wrapped].sort().join(", ");
  return [
    `megatron: some candidates begin ${named} again in a later stage: it reads whole parts, and these are used up`,
  ];
};

function entryOfMap(parts: ReadonlyMap<string, readonly Part[]>, source: string): readonly Part[] {
  const found = parts.get(source);
  if (found === undefined) throw new Error(`no parts of ${source}`);
  return found;
}

/** How many parts are so much of a source. */
function partsFor(parts: readonly Part[], ratio: number): number {
  const total = parts.reduce((sum, { tokens }) => sum + tokens, 0) * ratio;
  let sum = 0;
  const at = parts.findIndex(({ tokens }) => {
    sum += tokens;
    return sum >= total - 1e-6;
  });
  return at < 0 ? parts.length : at + 1;
}

/** The first part nothing of which lies before the share's start. */
function firstPart(parts: readonly Part[], { start_window, epoch_windows }: SweptShare): number {
  const epochs = start_window / epoch_windows;
  const whole = Math.floor(epochs);
  const inside = epochs - whole;
  return whole * parts.length + (inside === 0 ? 0 : partsFor(parts, inside));
}

/** Tokens by part, and the part that comes next; parts of later epochs are those of the first. */
function takeParts(
  parts: readonly Part[],
  start: number,
  tokens: number,
): { readonly taken: ReadonlyMap<number, number>; readonly next: number } {
  const taken = new Map<number, number>();
  let left = tokens;
  let next = start;
  for (; left > 0; next++) {
    const at = next % parts.length;
    const part = Math.min(left, entryAt(parts, at, "part").tokens);
    taken.set(at, (taken.get(at) ?? 0) + part);
    left -= part;
  }
  return { taken, next };
}

function writeParts(source: string, ranges: readonly DocumentRange[], context: SweepContext): readonly Part[] {
  const each = Math.max(1, Math.ceil(LEAST_PARTS / Math.max(1, ranges.length)));
  const parts: Part[] = [];
  for (const range of ranges) {
    if (range.documents === 0) continue;
    const { starts, ends } = documentPlaces(range);
    let first = 0;
    let done = 0;
    for (let part = 1; part <= each && first < ends.length; part++) {
      const goal = (range.tokens * part) / each;
      let last = first;
      let tokens = lengthAt(starts, ends, first);
      while (last + 1 < ends.length && (part === each || done + tokens < goal))
        tokens += lengthAt(starts, ends, ++last);
      const prefix = `${BASE}/${source}/part-${numbered(parts.length)}`;
      context.folder.link(range.path, `${prefix}.bin`, range);
      writeIndex(`${prefix}.idx`, starts.subarray(first, last + 1), ends.subarray(first, last + 1), context);
      parts.push({ prefix, tokens, documents: last + 1 - first });
      done += tokens;
      first = last + 1;
    }
  }
  return parts;
}

const lengthAt = (starts: Float64Array, ends: Float64Array, at: number): number =>
  entryAt(ends, at, "document") - entryAt(starts, at, "document");

/** An index whose documents lie anywhere in the `.bin`. */
function writeIndex(path: string, starts: Float64Array, ends: Float64Array, { folder, tokenizer }: SweepContext): void {
  const { token_bytes } = tokenizer;
  let sum = 0;
  const stacked = ends.map((end, i) => {
    sum += end - entryAt(starts, i, "document");
    return sum;
  });
  folder.file(path, (file) => {
    file.write(megatronHeader(token_bytes, ends.length));
    file.write(new Uint8Array(megatronLengths(stacked).buffer));
    file.write(encodeEnds(starts.map((start) => start * token_bytes)));
    file.write(encodeEnds(megatronDocuments(0, ends.length + 1)));
  });
}
