/**
 * What a file is written in, by the end of its name. Names of programming languages are those of the Stack-Edu configs.
 */

const BY_EXTENSION: Readonly<Record<string, string>> = {
  c: "C",
  h: "C",
  cs: "CSharp",
  cc: "Cpp",
  cpp: "Cpp",
  cxx: "Cpp",
  hh: "Cpp",
  hpp: "Cpp",
  hxx: "Cpp",
  go: "Go",
  java: "Java",
  js: "JavaScript",
  jsx: "JavaScript",
  mjs: "JavaScript",
  cjs: "JavaScript",
  md: "Markdown",
  markdown: "Markdown",
  php: "PHP",
  py: "Python",
  pyi: "Python",
  rb: "Ruby",
  rs: "Rust",
  sql: "SQL",
  sh: "Shell",
  bash: "Shell",
  zsh: "Shell",
  swift: "Swift",
  ts: "TypeScript",
  tsx: "TypeScript",
  mts: "TypeScript",
  cts: "TypeScript",
  css: "CSS",
  htm: "HTML",
  html: "HTML",
  json: "JSON",
  rst: "reStructuredText",
  tex: "TeX",
  text: "Text",
  toml: "TOML",
  txt: "Text",
  xml: "XML",
  yaml: "YAML",
  yml: "YAML",
};

/** Every language there is, sorted: a fixed dictionary, so that codes mean the same in every batch. */
export const FILE_LANGUAGES: readonly string[] = [...new Set(Object.values(BY_EXTENSION))].sort();

const CODES = new Map(Object.entries(BY_EXTENSION).map(([end, language]) => [end, FILE_LANGUAGES.indexOf(language)]));

/**
 * Position in {@link FILE_LANGUAGES} by the extension of `path`, a compression suffix not counted; -1 if it is not
 * known.
 */
export function fileLanguage(path: string): number {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.(gz|zst|zstd)$/i, "");
  const dot = name.lastIndexOf(".");
  return dot < 0 ? -1 : (CODES.get(name.slice(dot + 1).toLowerCase()) ?? -1);
}
