/**
 * Reads the texts of WET files: what Common Crawl has made of pages.
 *
 * Invariant: the text is the record's content, unchanged; one that is not UTF-8 is reported. Price: 120 MB/s of texts on one core.
 */
import { isUtf8 } from "node:buffer";
import * as z from "zod";
import { mediaType } from "../../kernels/http/message.ts";
import { targetOf } from "../../kernels/warc/record.ts";
import { defineStage, type SourceOperator } from "../define.ts";
import { BATCH_TARGET, type BatchTarget } from "./batch-assembler.ts";
import type { ColumnSpec } from "./column-builders.ts";
import { SOURCE_COLUMNS } from "./columns.ts";
import { isSequential, rowRangeOptions } from "./row-range.ts";
import { archiveSource, RECORD_COLUMNS, splitOption } from "./warc-records.ts";

const options = z.strictObject({ ...splitOption, ...rowRangeOptions });
type Options = z.output<typeof options>;

const COLUMNS: readonly ColumnSpec[] = [...RECORD_COLUMNS, { name: "language", kind: "utf8" }];

/** The operator behind `read/wet`; tests give it small batches. */
export function wetSource(given: Options, target: BatchTarget = BATCH_TARGET): SourceOperator {
  return archiveSource(
    given,
    {
      columns: COLUMNS,
      wants: ({ type }) => type === "conversion",
      row: async (head, content) => {
        if (content.length === 0) return { kind: "empty_text", message: "text is empty" };
        if (!isUtf8(content)) return { kind: "invalid_utf8", message: "text is not valid UTF-8" };
        const { headers } = head;
        const language = headers.get("warc-identified-content-language") ?? null;
        const date = headers.get("warc-date") ?? null;
        return [content, head.id, targetOf(head), date, mediaType(headers.get("content-type")), language];
      },
    },
    target,
  );
}

export default defineStage({
  name: "read/wet",
  version: 1,
  kind: "source",
  summary: "Reads the texts of WET files, with address, date and languages.",
  reference: "ISO 28500 (WARC 1.1), records of type conversion; ISO 639-3 codes as Common Crawl writes them",
  options,
  reads: [],
  writes: [...SOURCE_COLUMNS, ...COLUMNS.filter(({ name }) => name !== "text" && name !== "id")],
  sequential: isSequential,
  reasons: {},
  create: (given) => wetSource(given),
  examples: [],
});
