/**
 * Documents as modded-nanogpt, llm.c and NeMo AutoModel read them: one stream of `.bin` files per training stage, 10^8 tokens each.
 *
 * Those loaders know neither sources nor weights, so sources are mixed here: the next document is of the source that is
 * furthest behind its share of tokens, the first one on a tie. Documents start with the end-of-text token instead of
 * ending with it. Ids of two bytes are the layout all read, of four llm.c's llama layout; AutoModel has one of its own for
 * both, and an index of documents beside it. File 0 is left to a validation split.
 * Price: the ids once more on disk; a block of about a million tokens a source in memory, and one file's ids.
 */

import { z } from "zod";
import { TOKEN_BIN_MAX_TOKENS, tokenBinHeader } from "../../kernels/exports/token-bin.ts";
import type { TokenArray } from "../../kernels/pack/fill.ts";
import { bytesOf } from "../../store/token-file.ts";
import { defineExporter, type ExportContext, type Exported, sharedOptions } from "./define.ts";
import { type DocumentBlock, documentBlocks, type SourceDocuments, type TrainingStageDocuments } from "./views.ts";

const options = z.strictObject({
  ignore_loss: sharedOptions.ignore_loss,
  nemo_automodel: z
    .boolean()
    .optional()
    .describe("write the layout of NeMo AutoModel, ids of two or four bytes, with `.bos.idx` beside every `.bin`"),
});
type Context = ExportContext<z.output<typeof options>>;

export default defineExporter({
  name: "modded-nanogpt",
  summary: "documents as one stream of `.bin` files for modded-nanogpt, llm.c and NeMo AutoModel, sources mixed",
  files: ["STAGE/train_*.bin", "STAGE/train_*.bos.idx"],
  reads: "documents",
  geometry: {
    row_extra_tokens: 1,
    stride_extra_tokens: 0,
    padding: "none",
    boundaries: "first_token",
    boundary_labels: "trained",
    order: "kept",
  },
  loss: {
    written: "never",
    notes: "The loaders read ids alone.",
  },
  options,
  readers: [
    {
      name: "modded-nanogpt",
      version: "f411b3d3",
      notes: [
        "Reads ids of two bytes (magic 20240520).",
        "Batches start at a document's first token.",
        "It knows neither sources nor weights, so documents are mixed here, the source furthest behind its",
        "share of tokens first. It finds documents by the token they begin with, whose id `export.json` calls",
        "`document_start`: BOS, and then they keep their EOS; without BOS the EOS stands at the start instead of the end.",
      ],
    },
    {
      name: "llm.c",
      version: "main",
      notes: [
        "Reads ids of two bytes, and of four as its llama layout (magic 20240801).",
        "File 0 is left to a validation split.",
      ],
    },
    {
      name: "NeMo AutoModel",
      version: "36044ad",
      notes: [
        "`NanogptDataset` reads ids of two bytes as they are, and of four with `nemo_automodel` alone (magic 278895051).",
        "Its `bos_token` is the id that `export.json` calls `document_start`. With `align_to_bos` it looks for the next",
        "document in `.bos.idx`, i32 positions of tokens in the file, and without that file token by token.",
      ],
    },
  ],
  write,
});

const FILE_TOKENS = 100_000_000;

function write(stages: readonly TrainingStageDocuments[], context: Context): Exported {
  const { tokenizer, options } = context;
  const warnings: string[] = [];
  if (options.nemo_automodel === true) {
    warnings.push("these files have the layout of NeMo AutoModel: modded-nanogpt and llm.c do not read them");
  } else if (tokenizer.token_bytes === 4) {
    warnings.push(
      "ids need four bytes: llm.c reads these files as its llama layout, modded-nanogpt does not read them",
    );
  }
  const repeats = stages.filter(({ sources }) => sources.some(({ ranges }) => ranges.some(({ epoch }) => epoch > 0)));
  for (const { name } of repeats) warnings.push(`${name}: documents that are read again come in the same order`);
  const summary = stages.map((stage) => ({
    name: stage.name,
    sequence_length: stage.sequence_length,
    document_start: (tokenizer.bos ?? tokenizer.eos).id,
    files: `${stage.name}/train_*.bin`,
    ...writeStage(stage, context),
  }));
  return { configs: [], warnings, record: { stages: summary } };
}

function writeStage(
  stage: TrainingStageDocuments,
  { folder, tokenizer, options }: Context,
): { tokens: number; shards: number } {
  const sources = stage.sources.map((source) => new DocumentStream(source, tokenizer.token_bytes));
  const total = stage.sources.reduce((sum, source) => sum + source.tokens, 0);
  const moved = tokenizer.bos === undefined ? tokenizer.eos.id : undefined;
  const file = new TokenBinFile(tokenizer.token_bytes, moved, Math.min(total, FILE_TOKENS));
  let taken = 0;
  let shards = 0;
  const flush = (): void => {
    shards++;
    const path = `${stage.name}/train_${String(shards).padStart(6, "0")}`;
    const automodel = options.nemo_automodel === true;
    const { length } = file;
    const { tokens, starts } = file.take();
    folder.file(`${path}.bin`, (target) => {
      target.write(tokenBinHeader(tokenizer.token_bytes, length, automodel));
      target.write(bytesOf(tokens));
    });
    if (automodel) folder.bytes(`${path}.bos.idx`, new Uint8Array(starts.buffer));
  };
  for (;;) {
    const source = furthestBehind(sources, total, taken);
    if (source === undefined) break;
    const document = source.next();
    if (file.length > 0 && file.length + document.length > FILE_TOKENS) flush();
    file.append(document);
    taken += document.length;
  }
  if (file.length > 0) flush();
  return { tokens: taken, shards };
}

function furthestBehind(sources: readonly DocumentStream[], total: number, taken: number): DocumentStream | undefined {
  let best: DocumentStream | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const source of sources) {
    if (source.done) continue;
    const behind = (source.tokens / total) * taken - source.taken;
    if (behind > most) {
      most = behind;
      best = source;
    }
  }
  return best;
}

/** Documents of one source, one after the other. */
class DocumentStream {
  readonly tokens: number;
  taken = 0;
  readonly #blocks: Generator<DocumentBlock>;
  #block: DocumentBlock = { tokens: new Uint16Array(), ends: new Float64Array() };
  #document = 0;

  constructor({ tokens, ranges }: SourceDocuments, tokenBytes: 2 | 4) {
    this.tokens = tokens;
    this.#blocks = (function* () {
      for (const range of ranges) yield* documentBlocks(range, tokenBytes);
    })();
  }

  get done(): boolean {
    return this.taken === this.tokens;
  }

  /** Its tokens, the last one being EOS. Valid until the next call. */
  next(): TokenArray {
    if (this.#document === this.#block.ends.length) {
      const { value } = this.#blocks.next();
      if (value === undefined) throw new Error("a stream of documents ended before its tokens");
      this.#block = value;
      this.#document = 0;
    }
    const { tokens, ends } = this.#block;
    const start = this.#document === 0 ? 0 : ends[this.#document - 1];
    const document = tokens.subarray(start, ends[this.#document++]);
    this.taken += document.length;
    return document;
  }
}

/** The ids of one file, EOS moved from the end of each document to its start where documents have no BOS there. */
class TokenBinFile {
  length = 0;
  #tokens: TokenArray;
  #starts: number[] = [];
  readonly #moved: number | undefined;

  /** @param moved the EOS that goes to the start */
  constructor(tokenBytes: 2 | 4, moved: number | undefined, capacity: number) {
    this.#tokens = tokenBytes === 2 ? new Uint16Array(capacity) : new Uint32Array(capacity);
    this.#moved = moved;
  }

  append(document: TokenArray): void {
    const end = this.length + document.length;
    if (end > TOKEN_BIN_MAX_TOKENS) throw new RangeError(`a document of ${document.length} tokens`);
    if (end > this.#tokens.length) {
      // Only a document longer than a whole file gets here.
      const grown = this.#tokens instanceof Uint16Array ? new Uint16Array(end) : new Uint32Array(end);
      grown.set(this.#tokens.subarray(0, this.length));
      this.#tokens = grown;
    }
    this.#starts.push(this.length);
    if (this.#moved === undefined) {
      this.#tokens.set(document, this.length);
    } else {
      this.#tokens[this.length] = this.#moved;
      this.#tokens.set(document.subarray(0, -1), this.length + 1);
    }
    this.length = end;
  }

  /** What was appended, and where documents start in it; the next file starts empty. */
  take(): { readonly tokens: TokenArray; readonly starts: Int32Array } {
    const tokens = this.#tokens.subarray(0, this.length);
    const starts = Int32Array.from(this.#starts);
    this.length = 0;
    this.#starts = [];
    return { tokens, starts };
  }
}
