/** The folders of stages, in the order text meets them. First parts of built-in names; plugins take names of their own. */
export const STAGE_KINDS = [
  "read",
  "filter",
  "rewrite",
  "annotate",
  "dedup",
  "tokenize",
  "pack",
  "write",
  "chat",
] as const;
export type StageKind = (typeof STAGE_KINDS)[number];

export function isStageKind(kind: string): kind is StageKind {
  return (STAGE_KINDS as readonly string[]).includes(kind);
}
