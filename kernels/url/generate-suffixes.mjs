/**
 * Writes suffixes.gen.ts: the ICANN rules of the Public Suffix List that the installed `tldts` has, as far as plain hosts can end in them.
 *
 *   node kernels/url/generate-suffixes.mjs
 *
 * The package exports answers, not its table, so that is read from its file. A test holds what is written to its answers: after an update of `tldts` run this again.
 */
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../../node_modules/tldts/dist/es6/src/data/trie.js", import.meta.url);
const { edgeChild, edgeLength, edgeStart, exceptionsRoot, labelText, nodeFlags, rulesRoot } = await import(
  `data:text/javascript,${encodeURIComponent(readFileSync(file, "utf8"))}`
);
const ICANN = 1;
const offsets = [0];
for (const length of edgeLength) offsets.push(offsets.at(-1) + length);

function childrenOf(node) {
  const children = new Map();
  for (let edge = edgeStart[node]; edge < edgeStart[node + 1]; edge++) {
    children.set(labelText.slice(offsets[edge], offsets[edge + 1]), edgeChild[edge]);
  }
  return children;
}

const isRule = (node) => (nodeFlags[node] & ICANN) !== 0;
const hasRule = (node) => isRule(node) || hasRuleBelow(node);
const hasRuleBelow = (node) => [...childrenOf(node).values()].some(hasRule);
const isPlain = (label) => /^[a-z0-9-]+$/.test(label);

const exceptions = childrenOf(exceptionsRoot);
const alone = [];
const others = [];
for (const [name, node] of [...childrenOf(rulesRoot)].sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (!isPlain(name) || !hasRule(node)) continue;
  if (!hasRuleBelow(node)) {
    alone.push(name);
    continue;
  }
  const labels = [...childrenOf(node)].filter(([, child]) => hasRule(child));
  // Rules for any label: no table settles that.
  if (labels.some(([label]) => label === "*")) continue;
  const kept = new Map(labels.map(([label, child]) => [label, !isRule(child) || hasRuleBelow(child)]));
  for (const label of exceptions.has(name) ? childrenOf(exceptions.get(name)).keys() : []) kept.set(label, true);
  const parts = [...kept]
    .filter(([label]) => isPlain(label))
    .map(([label, isDeep]) => (isDeep ? `${label}*` : label))
    .sort();
  others.push(`${name}${isRule(node) ? "" : "*"} ${parts.join(" ")}`);
}

const lines = (text, indent) =>
  text
    .match(/.{1,150}(?: |$)/g)
    .map((line) => `${indent}${JSON.stringify(line)}`)
    .join(" +\n");
writeFileSync(
  new URL("suffixes.gen.ts", import.meta.url),
  `/** Written by generate-suffixes.mjs. Do not edit. */

/** Names that are public suffixes, and no longer suffix ends in them. */
export const ALONE =
${lines(alone.join(" "), "  ")};

/** A name, with \`*\` where it is none itself, and labels with which it is a suffix; \`*\` at those where it is none itself or a longer one ends in it. */
export const WITH_OTHERS: readonly string[] = [
${others.map((each) => `${lines(each, "  ")},`).join("\n")}
];
`,
);
