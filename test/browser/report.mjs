/**
 * The report in a real browser: `node test/browser/report.mjs [--shots FOLDER]`, after a build. Ends with "N passed, N failed, N skipped".
 *
 * Runs the quickstart and a second mixture of it, then opens their pages from disk, wide and light, narrow and dark: nothing on the console, nothing loaded, every figure has marks,
 * nothing is wider than the screen, tables sort, the keyboard reaches everything, axe finds nothing, and the live page gives nothing to who lacks its token. Debian's chromium does, or
 * the one that CHROMIUM names; without one it is SKIPPED.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const SCREENS = [
  { name: "1280-light", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { name: "390-dark", viewport: { width: 390, height: 844 }, colorScheme: "dark" },
];

let passed = 0;
let failed = 0;
function finish(skipped) {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed > 0 ? 1 : 0);
}
async function check(what, body) {
  try {
    await body();
    passed++;
    console.log(`✔ ${what}`);
  } catch (error) {
    failed++;
    console.log(`✖ ${what}\n  ${error.message.split("\n").join("\n  ")}`);
  }
}

const browserPath = BROWSERS.find((path) => path !== undefined && existsSync(path));
const { chromium } = await import("playwright-core").catch(() => ({ chromium: undefined }));
if (browserPath === undefined || chromium === undefined) {
  console.log(
    `SKIPPED: ${browserPath === undefined ? "there is no chromium here" : "playwright-core is not installed"}`,
  );
  finish(1);
}

const work = mkdtempSync(join(tmpdir(), "shardmill-browser-"));
const shots = process.argv[process.argv.indexOf("--shots") + 1 || process.argv.length] ?? join(work, "shots");
mkdirSync(shots, { recursive: true });
const { runRecipe, openRun } = await import("../../dist/index.js");
const { runFacts } = await import("../../dist/report/facts/run-facts.js");
const { runPage } = await import("../../dist/report/run-page.js");
const { comparePage } = await import("../../dist/report/compare-page.js");
const { serveReport } = await import("../../dist/report/serve.js");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const out = join(work, "out");
const options = { dataRoot: ROOT, texts: true };
const recipe = readFileSync(join(ROOT, "mixtures/recipes/quickstart.yaml"), "utf8");
const other = recipe
  .replace(/^name: .*/m, "name: code-heavy")
  .replace("code: 0.50, human-rights: 0.48", "code: 0.66, human-rights: 0.32");
assert.notEqual(other, recipe);
writeFileSync(join(work, "other.yaml"), other);
await runRecipe(join(ROOT, "mixtures/recipes/quickstart.yaml"), { out, dataRoot: ROOT, workers: 1 });
await runRecipe(join(work, "other.yaml"), { out, dataRoot: ROOT, workers: 1 });
const facts = await runFacts(openRun("quickstart", out), options);
const heavy = await runFacts(openRun("code-heavy", out), { ...options, texts: false });

/** The same run, told by somebody who means harm. */
const HOSTILE = `</script><script>document.title="owned"</script><img src=x onerror=alert(1)>\u202e${"long".repeat(60)}`;
const hostile = {
  ...facts,
  name: HOSTILE,
  done: false,
  gates: facts.gates.map((gate) => ({ ...gate, ok: false })),
  sources: facts.sources.map((source, at) => ({ ...source, name: at === 0 ? HOSTILE : source.name })),
  stages: facts.stages.map((stage) => ({ ...stage, sources: { ...stage.sources, [HOSTILE]: stage.sources.docs } })),
};
const pages = {
  report: runPage(facts),
  compare: comparePage([facts, heavy]),
  hostile: runPage(hostile),
};
for (const [name, text] of Object.entries(pages)) writeFileSync(join(work, `${name}.html`), text);

const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });

async function opened(name, screen, use, bypassCSP = false) {
  const { viewport, colorScheme } = screen;
  const context = await browser.newContext({ viewport, colorScheme, bypassCSP });
  const page = await context.newPage();
  const told = [];
  const asked = [];
  page.on("console", (message) => told.push(message.text()));
  page.on("pageerror", (error) => told.push(error.message));
  page.on("request", (request) => asked.push(request.url()));
  const url = pathToFileURL(join(work, `${name}.html`)).href;
  await page.goto(url);
  try {
    return await use(page, { told, asked, url });
  } finally {
    await context.close();
  }
}

for (const name of Object.keys(pages)) {
  const size = Buffer.byteLength(pages[name]);
  await check(`${name}: ${Math.round(size / 1000)} kB, below 2 MB`, () => assert.ok(size < 2_000_000));
  for (const screen of SCREENS) {
    await check(`${name}, ${screen.name}: opens, says nothing, loads nothing, fits`, () =>
      opened(name, screen, async (page, { told, asked, url }) => {
        await page.screenshot({ path: join(shots, `${name}-${screen.name}.png`), fullPage: true });
        assert.deepEqual(told, []);
        assert.deepEqual(asked, [url]);
        const { title, width, inner } = await page.evaluate(() => ({
          title: document.title,
          width: document.documentElement.scrollWidth,
          inner: innerWidth,
        }));
        assert.notEqual(title, "owned");
        assert.ok(width <= inner, `the page is ${width} pixels wide`);
      }),
    );
    await check(`${name}, ${screen.name}: every figure has marks and says what it shows`, () =>
      opened(name, screen, async (page) => {
        await page.evaluate(() => {
          for (const fold of document.querySelectorAll("details")) fold.open = true;
        });
        const figures = await page.$$eval("svg.fig", (all) =>
          all.map((svg) => ({
            label: svg.getAttribute("aria-label") ?? "",
            role: svg.getAttribute("role"),
            marks: svg.querySelectorAll("path, rect, line, circle, text").length,
            bad: [...svg.querySelectorAll("*")].some((one) =>
              [...one.attributes].some(({ value }) => /NaN|undefined/.test(value)),
            ),
          })),
        );
        assert.ok(figures.length > 5, `${figures.length} figures`);
        for (const { label, role, marks, bad } of figures) {
          assert.ok(marks > 0, `no marks: ${label}`);
          assert.ok(!bad, `not a number in: ${label}`);
          assert.equal(role, "img");
          assert.ok(label.length > 3, "a figure says nothing");
        }
      }),
    );
    await check(`${name}, ${screen.name}: axe finds nothing`, () =>
      opened(
        name,
        screen,
        async (page) => {
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => globalThis.axe.run());
          const told = violations.map(
            ({ id, nodes }) =>
              `${id}: ${nodes
                .slice(0, 3)
                .map(({ html }) => html.slice(0, 160))
                .join(" | ")}`,
          );
          assert.deepEqual(told, []);
        },
        true,
      ),
    );
  }
}

await check("tables sort by their numbers, down and up, by keyboard too", () =>
  opened("report", SCREENS[0], async (page) => {
    const column = async (label) => {
      const heads = page.locator("#lineage thead th");
      const at = (await heads.allTextContents()).indexOf(label);
      const values = () =>
        page.$$eval("#lineage tbody tr", (rows, cell) => rows.map((row) => Number(row.cells[cell].dataset.v)), at);
      return { button: heads.nth(at).locator("button"), head: heads.nth(at), values };
    };
    const { button, head, values } = await column("bytes");
    const before = await values();
    await button.click();
    assert.deepEqual(
      await values(),
      [...before].sort((a, b) => b - a),
    );
    assert.equal(await head.getAttribute("aria-sort"), "descending");
    await button.focus();
    await page.keyboard.press("Enter");
    assert.deepEqual(
      await values(),
      [...before].sort((a, b) => a - b),
    );
    assert.equal(await head.getAttribute("aria-sort"), "ascending");
  }),
);

await check("drop reasons sort with their folds", () =>
  opened("report", SCREENS[0], async (page) => {
    await page.locator("#drops thead button", { hasText: "dropped" }).first().click();
    const rows = await page.$$eval("#drops table:first-of-type tbody", (all) =>
      all.map((body) => [Number(body.rows[0].cells[1].dataset.v), body.rows.length]),
    );
    assert.deepEqual(
      rows.map(([dropped]) => dropped),
      rows.map(([dropped]) => dropped).sort((a, b) => b - a),
    );
    assert.ok(rows.every(([, count]) => count === 2));
  }),
);

await check("the keyboard reaches links, folds and examples, and sees where it is", () =>
  opened("report", SCREENS[0], async (page) => {
    const reached = new Set();
    for (let step = 0; step < 140; step++) {
      await page.keyboard.press("Tab");
      reached.add(
        await page.evaluate(() => {
          const { tagName, className } = document.activeElement;
          const seen = getComputedStyle(document.activeElement).outlineStyle !== "none";
          return `${tagName}${className ? `.${className}` : ""}${seen ? "" : " unseen"}`;
        }),
      );
      if ((await page.evaluate(() => document.activeElement.tagName)) === "SUMMARY" && step < 60)
        await page.keyboard.press("Enter");
    }
    for (const wanted of ["A", "BUTTON.sort", "BUTTON.copy", "SUMMARY", "PRE"])
      assert.ok(reached.has(wanted), [...reached].join(", "));
    reached.delete("BODY unseen");
    assert.ok(![...reached].some((one) => one.endsWith("unseen")), [...reached].join(", "));
  }),
);

await check("headings are in order, tables have captions and heads", () =>
  opened("report", SCREENS[0], async (page) => {
    const levels = await page.$$eval("h1, h2, h3, h4", (all) => all.map(({ tagName }) => Number(tagName[1])));
    assert.equal(levels.filter((level) => level === 1).length, 1);
    levels.forEach((level, at) => {
      assert.ok(at === 0 || level <= levels[at - 1] + 1, `h${level} after h${levels[at - 1]}`);
    });
    const bare = await page.$$eval("table", (all) => all.filter(({ caption, tHead }) => !caption || !tHead).length);
    assert.equal(bare, 0);
  }),
);

await check("paper is light and shows what is folded", () =>
  opened("report", { ...SCREENS[1] }, async (page) => {
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    const { background, closed } = await page.evaluate(() => ({
      background: getComputedStyle(document.body).backgroundColor,
      closed: [...document.querySelectorAll("details")].filter(({ open }) => !open).length,
    }));
    assert.equal(background, "rgb(255, 255, 255)");
    assert.equal(closed, 0);
  }),
);

await check("the live page: there with its token, without texts, and nothing else is", async () => {
  const served = await serveReport(() => openRun("quickstart", out), { dataRoot: ROOT, texts: false });
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    const told = [];
    page.on("console", (message) => told.push(message.text()));
    const response = await page.goto(served.url);
    assert.equal(response.status(), 200);
    assert.equal(await page.locator("h1").textContent(), "quickstart");
    assert.equal(await page.locator("pre").count(), 0);
    await context.close();
    assert.deepEqual(
      told.filter((text) => !text.includes("favicon")),
      [],
    );
    const { origin } = new URL(served.url);
    for (const path of ["/", "/favicon.ico", "/wrong/", `${new URL(served.url).pathname}../`, "/plan.json"]) {
      const { status } = await fetch(origin + path);
      assert.equal(status, 404, path);
    }
    assert.equal((await fetch(served.url, { method: "POST" })).status, 405);
  } finally {
    await served.close();
  }
});

await browser.close();
if (shots.startsWith(work)) rmSync(shots, { recursive: true, force: true });
else console.log(`pictures: ${shots}`);
rmSync(work, { recursive: true, force: true });
finish(0);
