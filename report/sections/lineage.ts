/** Which bytes made which bytes: fingerprints down the chain, files with their checksums. */
import type { RunFacts } from "../facts/types.ts";
import { cell, fold, type Html, hash, head, html, named, type Section, table } from "../page/markup.ts";
import { bytes, integer, some } from "../page/numbers.ts";

/** Files of a list that are shown: all are in the manifest. */
const SHOWN = 12;

export function lineageSection(facts: RunFacts): Section {
  const { sources, stages } = facts;
  const packed = [...new Map(stages.map((stage) => [stage.stage.sequence_length, stage])).values()];
  const rows = sources.map(({ name, files, file_bytes, fingerprints }) => {
    const windows = packed.map(({ stage, sources: shares }) => {
      const label = `windows at ${integer(stage.sequence_length)}`;
      const print = shares[name]?.fingerprints.windows;
      return cell(label, print === undefined ? "–" : hash(print, 10), undefined, "num wide");
    });
    const { ingest, tokens } = fingerprints;
    return html`<tr>${named(name)}${cell("files", integer(files), files)}${cell("bytes", bytes(file_bytes), file_bytes)}${cell("ingest", hash(ingest, 10), undefined, "num wide")}${cell("tokens", tokens === undefined ? "–" : hash(tokens, 10), undefined, "num wide")}${windows}</tr>`;
  });
  const heads = [
    head("source"),
    head("files", "num"),
    head("bytes", "num"),
    ...["ingest", "tokens", ...packed.map(({ stage }) => `windows at ${integer(stage.sequence_length)}`)].map((name) =>
      head(name, "num x"),
    ),
  ];
  return {
    id: "lineage",
    title: "Lineage",
    ask: "Which bytes made which bytes.",
    body: html`${table({ caption: "Fingerprints", heads, rows, columns: 2 })}${outputs(facts)}${sources.map(({ name, inputs }) => inputFiles(name, inputs))}<p class="note">Fingerprints are of content and options, never of paths, hosts or times. ${stages.length > 0 && html`Every file stands in <code>manifests/${stages[0]?.stage.name ?? ""}.json</code>.`}</p>`,
  };
}

/** Token files that training reads, each once. */
function outputs({ stages, sources }: RunFacts): Html | false {
  const files = new Map(
    sources.flatMap(({ name }) =>
      stages
        .flatMap((stage) => (stage.sources[name]?.files ?? []).filter(({ path }) => path.endsWith(".ds")))
        .map((file) => [file.path, file]),
    ),
  );
  if (files.size === 0) return false;
  const list = (
    some: readonly { readonly path: string; readonly size_bytes: number; readonly sha256: string }[],
  ): Html =>
    html`<ul class="files">${some.map(({ path, size_bytes, sha256 }) => html`<li><span><bdi title="${path}">${path.split("/").at(-1) ?? path}</bdi> <span class="zero">${bytes(size_bytes)}</span></span>${hash(sha256, 12)}</li>`)}</ul>`;
  const all = [...files.values()];
  return html`<h3>Token files <small>sha256</small></h3>${list(all.slice(0, SHOWN))}${all.length > SHOWN && fold(some(all.length - SHOWN, "more file"), list(all.slice(SHOWN, 10 * SHOWN)))}`;
}

function inputFiles(source: string, inputs: RunFacts["sources"][number]["inputs"]): Html {
  const first = inputs.slice(0, SHOWN).map(({ key, size_bytes, identity }) => {
    return html`<li><span><bdi>${key}</bdi> <span class="zero">${bytes(size_bytes)}</span></span>${hash(identity.replace(/^sha256:/, ""), 8)}</li>`;
  });
  const count = inputs.length > SHOWN ? `${SHOWN} of ${integer(inputs.length)}` : integer(inputs.length);
  return fold(html`input files of <bdi>${source}</bdi>, ${count}`, html`<ul class="files">${first}</ul>`);
}
