/**
 * The pictures of the README, made from a real run of the quickstart: `node docs/pictures/make.mjs`, after a build.
 *
 * `report-light.png` and `report-dark.png` are the top of its report in a browser (Debian's chromium, or the one that CHROMIUM names, through playwright-core);
 * `quickstart.svg` is its transcript as a recording that plays in any browser, with the times that it took.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HERE = fileURLToPath(new URL(".", import.meta.url));
const CLI = join(ROOT, "dist/bundle/cli.js");
const work = mkdtempSync(join(tmpdir(), "shardmill-pictures-"));
const COMMANDS = [
  ["run", "quickstart.yaml", "--out", "out"],
  ["report", "quickstart", "--out", "out"],
];

/** Runs the command line as a person does; lines with the second at which each came. */
function transcript(words) {
  const given = words.map((word) => {
    if (word === "quickstart.yaml") return join(ROOT, "mixtures/recipes/quickstart.yaml");
    return word === "out" ? join(work, "out") : word;
  });
  const started = performance.now();
  const lines = [];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...given, "--data-root", ROOT], { cwd: work });
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream.on("data", (data) => {
        const parts = (rest + data).replaceAll(`${work}/`, "").split("\n");
        rest = parts.pop() ?? "";
        for (const text of parts) lines.push({ text, at: (performance.now() - started) / 1000 });
      });
    }
    child.on("close", (code) =>
      code === 0 ? resolve(lines) : reject(new Error(`${words.join(" ")} ended with ${code}`)),
    );
  });
}

const escaped = (text) => text.replace(/[&<>]/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[one]);
const LINE = 18;
const COLUMNS = 100;
const ROWS = 30;

/** Lines appear when they came, the window scrolls when it is full; it ends still. */
function recording(parts) {
  const shown = [];
  let now = 0.6;
  for (const { command, lines } of parts) {
    shown.push({ text: `$ ${command}`, at: now, command: true });
    const from = now + 0.8;
    const last = lines.at(-1)?.at ?? 0;
    for (const { text, at } of lines) shown.push({ text: text.slice(0, COLUMNS), at: from + at });
    now = from + last + 1.2;
  }
  const all = now + 6;
  const steps = shown
    .map(({ at }, index) => ({ at, up: Math.max(0, index + 1 - ROWS) }))
    .filter(({ up }, index, list) => up > 0 && up !== list[index - 1]?.up);
  // Of lines that came together the last one says how far the window scrolls.
  const places = new Map(steps.map(({ at, up }) => [((at / all) * 100).toFixed(2), up]));
  const frames = [...places].map(([at, up]) => `${at}%{transform:translateY(${-up * LINE}px)}`);
  const end = steps.at(-1)?.up ?? 0;
  const width = COLUMNS * 7.83 + 40;
  const height = ROWS * LINE + 40;
  const texts = shown.map(({ text, at, command }, index) => {
    const name = command ? ' class="c"' : "";
    return `<text${name} y="${(index + 1) * LINE}" style="animation-delay:${at.toFixed(2)}s" xml:space="preserve">${escaped(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>A run of the quickstart in a terminal</title>
<style>
.w{fill:#131518}text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#c9ced6;opacity:0;animation:s .01s linear forwards}
.c{fill:#639cda;font-weight:600}@keyframes s{to{opacity:1}}.r{animation:r ${all.toFixed(2)}s step-end forwards}
@keyframes r{0%{transform:translateY(0)}${frames.join("")}100%{transform:translateY(${-end * LINE}px)}}
@media (prefers-reduced-motion:reduce){text{animation:none;opacity:1}.r{animation:none;transform:translateY(${-end * LINE}px)}}
</style>
<rect class="w" width="100%" height="100%" rx="8"/>
<clipPath id="w"><rect width="${width - 40}" height="${ROWS * LINE + 8}"/></clipPath>
<g transform="translate(20 16)"><g clip-path="url(#w)"><g class="r">
${texts.join("\n")}
</g></g></g>
</svg>
`;
}

try {
  const parts = [];
  for (const words of COMMANDS) parts.push({ command: `shardmill ${words.join(" ")}`, lines: await transcript(words) });
  writeFileSync(join(HERE, "quickstart.svg"), recording(parts));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport: { width: 1200, height: 1180 }, colorScheme });
    await page.goto(pathToFileURL(join(work, "out/runs/quickstart/report.html")).href);
    await page.screenshot({ path: join(HERE, `report-${colorScheme}.png`) });
  }
  await browser.close();
} finally {
  rmSync(work, { recursive: true, force: true });
}
