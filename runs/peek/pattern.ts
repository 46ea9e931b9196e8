/** The first documents of files, before there is any run. Reads as little as the reader can. */
import { entryAt } from "../../batch/entry.ts";
import { RecipeError } from "../../batch/errors.ts";
import { createIoEnvironment } from "../../io/environment.ts";
import { listShards } from "../../io/list.ts";
import { openShard } from "../../io/open.ts";
import { readerOf } from "../../plan/recipe/readers.ts";
import { NO_RESOURCES, type ReadContext } from "../../stages/define.ts";
import { stageRegistry } from "../../stages/registry.ts";
import { cellText, idOf, type PeekedDocument } from "./document.ts";

export interface PeekDocumentsOptions {
  readonly count: number;
  /** Where relative patterns start. */
  readonly dataRoot: string;
  /** Reader; by the ending of the pattern when absent. */
  readonly read?: string;
  /** Column or key that holds the text. */
  readonly column?: string | undefined;
  /** Aborted: no more is listed or hashed; throws RunError `run/interrupted`. */
  readonly stop?: AbortSignal | undefined;
}

/** The first documents of files that match `pattern`. Throws what listing and reading throw. */
export async function peekDocuments(
  pattern: string,
  options: PeekDocumentsOptions,
): Promise<readonly PeekedDocument[]> {
  const use = options.read ?? readerOf(pattern) ?? "read/files";
  const definition = stageRegistry().findStage(use);
  const environment = createIoEnvironment({ root: options.dataRoot, stop: options.stop });
  const shards = await listShards(pattern, environment);
  const operator = definition.create(definition.options.parse(readerOptions(use, options)), NO_RESOURCES);
  if (operator.kind !== "source")
    throw new RecipeError({ code: "recipe/not-a-reader", what: `${use} is not a reader` });
  const found: PeekedDocument[] = [];
  const context: ReadContext = {
    source: "peek",
    shards,
    open: (shard) => openShard(shard, environment),
    problem: () => {},
  };
  const extents = await operator.extents(shards, context, Number.POSITIVE_INFINITY);
  for await (const batch of operator.read(extents, context)) {
    for (let row = 0; row < batch.rows && found.length < options.count; row++) {
      const shard = entryAt(shards, entryAt(batch.shards, row, "row"), "shard");
      const id = idOf(batch, row);
      const address = `${shard.key}#${batch.rowsInShard[row]}`;
      found.push({ address, ...(id === undefined ? {} : { id }), text: cellText(batch.text, row) });
    }
    if (found.length >= options.count) break;
  }
  return found;
}

function readerOptions(use: string, { count, column }: PeekDocumentsOptions): Readonly<Record<string, unknown>> {
  if (use !== "read/files") return { limit: count, ...(column === undefined ? {} : { text: column }) };
  if (column === undefined) return {};
  throw new RecipeError({
    code: "flag/conflict",
    what: `--text ${column} names a column, and these files are read whole`,
    why: "their ending is none of a format that has columns",
    fix: "leave --text out",
  });
}
