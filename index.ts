/** The public API. The command line is one of its clients. */
export * from "./batch/batch.ts";
export * from "./batch/column.ts";
export * from "./batch/errors.ts";
export * from "./stages/define.ts";
