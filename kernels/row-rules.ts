/** The rules by which rows are mixed, by name: what recipes ask for and manifests record. What they do is in mixtures/rows.ts. */

export const ROW_RULES = ["handbook", "trl", "tokens", "supervised_tokens"] as const;
export type RowRule = (typeof ROW_RULES)[number];
