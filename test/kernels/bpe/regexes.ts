/** The known expressions, as their vocabularies publish them, written apart from the code under test. */

const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const BLANKS = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const U = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const W = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
export const REGEXES = {
  gpt2: String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  llama3: String.raw`${CONTRACTION}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|${BLANKS}`,
  qwen: String.raw`${CONTRACTION}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|${BLANKS}`,
  tekken: String.raw`[^\r\n\p{L}\p{N}]?${U}*${W}+|[^\r\n\p{L}\p{N}]?${U}+${W}*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${BLANKS}`,
  o200k: String.raw`[^\r\n\p{L}\p{N}]?${U}*${W}+${CONTRACTION}?|[^\r\n\p{L}\p{N}]?${U}+${W}*${CONTRACTION}?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${BLANKS}`,
};

/** DeepSeek V3's splits, one after the other. */
export const DEEPSEEK_V3 = [
  String.raw`\p{N}{1,3}`,
  "[一-龥\u3040-ゟ゠-ヿ]+",
  String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_` +
    "`{|}~][A-Za-z]+|[^\r\n" +
    String.raw`\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[` +
    "\r\n" +
    String.raw`]*|\s*[` +
    "\r\n" +
    String.raw`]+|\s+(?!\S)|\s+`,
];
