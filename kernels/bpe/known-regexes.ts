/** Which scanner stands for which regular expression. Matching is by exact text: a look-alike takes the slow, exact path. */
import type { PreTokenizer } from "./pre-tokenizer.ts";
import { cl100kScanner, gpt2Scanner, o200kScanner } from "./scanners.ts";

export const GPT2_REGEX = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const BLANKS = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const CASED_HEAD = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const CASED_TAIL = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;

function cl100kRegex(numbers: string): string {
  return String.raw`${CONTRACTION}|[^\r\n\p{L}\p{N}]?\p{L}+|${numbers}| ?[^\s\p{L}\p{N}]+[\r\n]*|${BLANKS}`;
}

const O200K_REGEX = [
  `${CASED_HEAD}*${CASED_TAIL}+${CONTRACTION}?`,
  `${CASED_HEAD}+${CASED_TAIL}*${CONTRACTION}?`,
  String.raw`\p{N}{1,3}`,
  String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
  BLANKS,
].join("|");

/** Names of the known expressions: the family of vocabularies that use them. */
export type RegexFamily = "gpt2" | "cl100k" | "qwen" | "o200k";

const FAMILIES: ReadonlyMap<string, RegexFamily> = new Map<string, RegexFamily>([
  [GPT2_REGEX, "gpt2"],
  [cl100kRegex(String.raw`\p{N}{1,3}`), "cl100k"],
  [cl100kRegex(String.raw`\p{N}`), "qwen"],
  [O200K_REGEX, "o200k"],
]);

const SCANNERS: Readonly<Record<RegexFamily, () => PreTokenizer>> = {
  gpt2: gpt2Scanner,
  cl100k: () => cl100kScanner(3),
  qwen: () => cl100kScanner(1),
  o200k: o200kScanner,
};

/** The family whose expression `regex` is, undefined where it is none's. */
export function familyOf(regex: string): RegexFamily | undefined {
  return FAMILIES.get(regex);
}

/** The scanner for `regex`, undefined where there is none. Known expressions match every character of a text. */
export function scannerFor(regex: string): PreTokenizer | undefined {
  const family = familyOf(regex);
  return family === undefined ? undefined : SCANNERS[family]();
}
