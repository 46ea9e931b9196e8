/**
 * What an exporter is: one file in this folder declares a trainer completely, from what it reads to the flags it
 * understands.
 *
 * A declaration is a value and its default export; the registry, the command line's flags and the reference page are
 * generated from it. The row length differs per trainer, and nobody stores masks: they are derived at load time from
 * what `geometry` says. So a wrong entry there is a wrong loss in a training; the five-document fixture in
 * test/manifests/exports holds each entry against its reader's rules.
 * Invariant: `write` sees its own options alone, parsed by its own shape; its bytes follow from views, tokenizer, seed
 * and options.
 */
import { z } from "zod";
import { entryAt } from "../../batch/entry.ts";
import { RecipeError } from "../../batch/errors.ts";
import { didYouMean } from "../../batch/suggest.ts";
import type { TrainingStageManifest } from "../schema.ts";
import type { ExportFolder } from "./folder.ts";
import type { TrainingStageDocuments, TrainingStageFiles, TrainingStageRowPlan, TrainingStageRows } from "./views.ts";

export interface RowGeometry {
  /**
   * A row the trainer reads has this many tokens more than the sequence length: 1 where the last one is only a label.
   */
  readonly row_extra_tokens: 0 | 1;
  /**
   * From the start of one row to the next, beyond the sequence length: 0 with an extra token means that rows overlap by
   * it.
   */
  readonly stride_extra_tokens: 0 | 1;
  /**
   * What fills a row that documents do not: EOS, or nothing because rows may be short, or nothing because rows are cut
   * from a stream.
   */
  readonly padding: "eos" | "none";
  /** Bytes of an id, where fixed by the format; otherwise what the store has. */
  readonly token_bytes?: 4;
  /** What the trainer finds documents by. */
  readonly boundaries: "eos" | "document_index" | "sequence_lengths" | "offsets" | "first_token" | "nothing";
  /** Whether the label that would be the first token of the next document is left out of the loss. */
  readonly boundary_labels: "masked" | "masked_by_file" | "trained";
  /** Whether a row is read in the order in which it was written. */
  readonly order: "kept" | "shuffled";
}

/** A program that reads the export: at which version that was seen, and how it reads. */
export interface TrainerReader {
  readonly name: string;
  readonly version: string;
  /** Sentences or parts of one, joined by a space. */
  readonly notes: readonly string[];
}

/**
 * Whether the export says which tokens are not trained, where a store has a loss lane (store/token-file.ts). One that
 * does not is refused unless `ignore_loss` is given: it would train on masked tokens.
 */
export interface LossSupport {
  /** `with_option`: only where `option` is given. */
  readonly written: "always" | "with_option" | "never";
  readonly option?: string;
  /** How, or why not. */
  readonly notes: string;
}

export interface ExportContext<Options> {
  readonly folder: ExportFolder;
  readonly tokenizer: TrainingStageManifest["tokenizer"];
  /** The recipe's. */
  readonly seed: number;
  readonly options: Options;
}

/** What every exporter returns: it is printed, and kept in `export.json`. */
export interface Exported {
  /** Configuration files, in training order. */
  readonly configs: readonly string[];
  readonly warnings: readonly string[];
  /** What each training stage got: further keys of `export.json`. */
  readonly record: Readonly<Record<string, unknown>>;
}

interface ExporterFacts<Options extends z.ZodObject> {
  /** What `--to` and a recipe's `exports` call it; the name of its file. */
  readonly name: string;
  readonly summary: string;
  /** What lies in the export's folder. */
  readonly files: readonly string[];
  readonly geometry: RowGeometry;
  readonly loss: LossSupport;
  /** What may be asked of it: keys of the API, flags of the command line. All are optional. */
  readonly options: Options;
  readonly readers: readonly TrainerReader[];
}

/**
 * What it reads, and its writer. `window_files`: the packed windows as the files of the store; `windows`: their rows;
 * `rows`: packed anew at the trainer's own row length; `documents`: whole documents back to back, the trainer cuts its
 * own rows. Training stages that mix rows are packed rows already: `windows` and `rows` give them as they are, `row_plans` as their
 * index, which the other stages have none of.
 */
type ExporterView<Options> =
  | {
      readonly reads: "window_files";
      write(stages: readonly TrainingStageFiles[], context: ExportContext<Options>): Exported;
    }
  | {
      readonly reads: "windows" | "rows";
      write(stages: readonly TrainingStageRows[], context: ExportContext<Options>): Exported;
    }
  | {
      readonly reads: "documents";
      write(stages: readonly TrainingStageDocuments[], context: ExportContext<Options>): Exported;
    }
  | {
      readonly reads: "row_plans";
      write(stages: readonly TrainingStageRowPlan[], context: ExportContext<Options>): Exported;
    };

export type Exporter<Options extends z.ZodObject = z.ZodObject> = ExporterFacts<Options> &
  ExporterView<z.output<Options>>;

/** Options that mean the same to several trainers. */
export const sharedOptions = {
  path_prefix: z
    .string()
    .optional()
    .describe(
      "what the trainer's configuration puts before every path, such as s3://bucket/mix; paths are relative without",
    ),
  global_batch_size: z
    .int()
    .min(1)
    .optional()
    .describe("sequences per training step, for configurations that count in steps"),
  tokenizer_name: z
    .string()
    .optional()
    .describe("what the trainer loads its tokenizer by; the name in the manifests where not given"),
  ignore_loss: z
    .boolean()
    .optional()
    .describe("export although masked tokens would be trained on: the trainer's files cannot say which they are"),
} as const;

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Checks a declaration and returns it with its types. Throws on what no export could survive: a bad name, loss options
 * that contradict what it says of the loss lane.
 */
export function defineExporter<Options extends z.ZodObject>(exporter: Exporter<Options>): Exporter<Options> {
  if (!NAME.test(exporter.name)) throw new Error(`an exporter's name must be in kebab-case: ${exporter.name}`);
  const { written, option } = exporter.loss;
  const has = (key: string): boolean => Object.hasOwn(exporter.options.shape, key);
  if (has("ignore_loss") === (written === "always")) {
    throw new Error(`${exporter.name}: ignore_loss is an option of exporters that may not write the loss lane`);
  }
  if ((written === "with_option") !== (option !== undefined && has(option))) {
    throw new Error(`${exporter.name}: no option ${option} writes the loss lane`);
  }
  return exporter;
}

/** Whether an export with these options says which tokens are not trained. */
export function writesLoss({ loss }: Exporter, options: ExportOptions): boolean {
  return loss.written === "always" || (loss.option !== undefined && options[loss.option] === true);
}

/** Whether an export can hold training stages that mix rows, and those that read windows. */
export function takes({ reads }: Pick<Exporter, "reads">): { readonly rows: boolean; readonly windows: boolean } {
  return {
    rows: reads === "rows" || reads === "windows" || reads === "row_plans",
    windows: reads !== "row_plans",
  };
}

/** Options given for an export, by snake_case name. */
export type ExportOptions = Readonly<Record<string, unknown>>;

/**
 * What the exporter's shape makes of the options given. Throws RecipeError `flag/bad-export-option` for one it does not
 * understand.
 */
export function parseExportOptions(exporter: Exporter, given: ExportOptions): z.output<z.ZodObject> {
  const known = Object.keys(exporter.options.shape);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw badOption(`the export for ${exporter.name} has no option ${unknown}`, didYouMean(unknown, known));
  }
  const parsed = exporter.options.safeParse(given);
  if (parsed.success) return parsed.data;
  const { path, message } = entryAt(parsed.error.issues, 0, "issue");
  throw badOption(`${exporter.name}: ${path.join(".")}: ${message}`, "see `shardmill export --help`");
}

function badOption(what: string, fix: string): RecipeError {
  return new RecipeError({ code: "flag/bad-export-option", what, fix });
}

/** Tokens of a row a trainer reads at this sequence length. */
export function rowTokens(geometry: RowGeometry, sequenceLength: number): number {
  return sequenceLength + geometry.row_extra_tokens;
}

/** A path in the export as the trainer will spell it. */
export function trainerPath(path: string, { path_prefix }: { readonly path_prefix?: string | undefined }): string {
  return path_prefix === undefined ? path : `${path_prefix.replace(/\/+$/, "")}/${path}`;
}

/** File number in five digits. */
export function numbered(index: number): string {
  return String(index).padStart(5, "0");
}

/** Whether its trainer finds documents by an EOS that stands at their end, or is moved to their start. */
export function findsByEos({ geometry }: Pick<Exporter, "geometry">, hasBos: boolean): boolean {
  return geometry.boundaries === "eos" || (geometry.boundaries === "first_token" && !hasBos);
}
