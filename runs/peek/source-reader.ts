/**
 * The rows of a source read again, span by span, as its first pass read them: text, id and the columns that its
 * reader makes.
 */
import type { Batch } from "../../batch/batch.ts";
import type { IoEnvironment } from "../../io/environment.ts";
import { openShard } from "../../io/open.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import { NO_RESOURCES, type ReadContext, type SourceOperator } from "../../stages/define.ts";
import type { StageRegistry } from "../../stages/stage-registry.ts";
import type { ReadSpan } from "./spans.ts";

export class SourceReader {
  readonly #operator: SourceOperator;
  readonly #context: ReadContext;

  constructor(source: SourcePlan, registry: StageRegistry, environment: IoEnvironment) {
    const operator = registry.findStage(source.reader.use).create(source.reader.options, NO_RESOURCES);
    if (operator.kind !== "source") throw new Error(`${source.reader.use} is not a reader`);
    this.#operator = operator;
    this.#context = {
      source: source.name,
      shards: source.shards,
      open: (shard) => openShard(shard, environment),
      // They were counted and listed when the span was read.
      problem: () => {},
    };
  }

  /**
   * Shows the rows of a span, in order, until `visit` says that it has seen enough. Throws DataError `data/changed`
   * for another file.
   */
  async visit(span: ReadSpan, visit: (batch: Batch, row: number) => boolean): Promise<void> {
    for await (const batch of this.#operator.read(span.extents, this.#context)) {
      for (let row = 0; row < batch.rows; row++) if (visit(batch, row)) return;
    }
  }
}
