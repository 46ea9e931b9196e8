/** What a barrier leaves of a span, whatever it compares, and where. */
import type { Batch } from "../../../batch/batch.ts";
import type { VouchedFile } from "../../../io/local/vouched.ts";
import type { Drop } from "../../../stages/define.ts";

/** One barrier's products of a span. */
export interface BarrierKeys {
  /** Parts so far; undefined where the verdict is on whole rows. */
  readonly parts: number | undefined;
  /** Sketches the rows of `batch` that are alive; may drop those that have no key. */
  sketch(batch: Batch, drop: Drop): void;
  commit(): readonly VouchedFile[];
  abort(): void;
}

export interface KeysPlace {
  readonly folder: string;
  readonly span: number;
  /** Position of the barrier among those of its source. */
  readonly barrier: number;
  readonly partitions: number;
}
