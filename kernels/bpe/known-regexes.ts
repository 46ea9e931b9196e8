/** Which scanner stands for which regular expression. Matching is by exact text: a look-alike takes the slow, exact path. */
import type { PreTokenizer } from "./pre-tokenizer.ts";
import { cl100kScanner, deepSeekScanner, gpt2Scanner, o200kScanner, tekkenScanner } from "./scanners.ts";

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

const TEKKEN_REGEX = [
  `${CASED_HEAD}*${CASED_TAIL}+`,
  `${CASED_HEAD}+${CASED_TAIL}*`,
  String.raw`\p{N}`,
  String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
  BLANKS,
].join("|");

/** DeepSeek V3's three, one after the other; line ends stand as themselves. */
const DEEPSEEK_V3_REGEXES = [
  String.raw`\p{N}{1,3}`,
  "[一-龥\u3040-ゟ゠-ヿ]+",
  [
    String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_ACCENT{|}~][A-Za-z]+`.replace("ACCENT", "`"),
    String.raw`[^LINE\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+`,
    String.raw` ?[\p{P}\p{S}]+[LINE]*`,
    String.raw`\s*[LINE]+|\s+(?!\S)|\s+`,
  ]
    .join("|")
    .replaceAll("LINE", "\r\n"),
];

/** Names of the known expressions: the family of vocabularies that use them. */
export type RegexFamily = "gpt2" | "cl100k" | "qwen" | "o200k" | "tekken" | "deepseek_v3";

const FAMILIES: ReadonlyMap<string, RegexFamily> = new Map<string, RegexFamily>([
  [GPT2_REGEX, "gpt2"],
  [cl100kRegex(String.raw`\p{N}{1,3}`), "cl100k"],
  [cl100kRegex(String.raw`\p{N}`), "qwen"],
  [O200K_REGEX, "o200k"],
  [TEKKEN_REGEX, "tekken"],
]);

const SCANNERS: Readonly<Record<RegexFamily, () => PreTokenizer>> = {
  gpt2: gpt2Scanner,
  cl100k: () => cl100kScanner(3),
  qwen: () => cl100kScanner(1),
  o200k: o200kScanner,
  tekken: tekkenScanner,
  deepseek_v3: deepSeekScanner,
};

/** The family whose expression `regex` is, undefined where it is none's. One expression that is known matches every character of a text. */
export function familyOf(regex: string): RegexFamily | undefined {
  return FAMILIES.get(regex);
}

/** The family that cuts with all of `regexes` in turn, each match and what lies between as words. */
export function familyOfAll(regexes: readonly string[]): RegexFamily | undefined {
  if (regexes.length === 1) return familyOf(regexes[0]);
  const same = (regex: string, i: number) => regex === regexes[i];
  return regexes.length === DEEPSEEK_V3_REGEXES.length && DEEPSEEK_V3_REGEXES.every(same) ? "deepseek_v3" : undefined;
}

export function scannerOf(family: RegexFamily): PreTokenizer {
  return SCANNERS[family]();
}
