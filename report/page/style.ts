/**
 * The style of the page: ink on paper, one blue, one orange, system fonts; dark where the screen is, light on paper.
 *
 * Kept and dropped are the only colours that mean something, and they never mean it alone. A margin column for titles,
 * a body of at most 872 pixels, one column on narrow screens, tables that become blocks on phones.
 */

const WIDE = `
:root {
  color-scheme: light dark;
  --bg: #fdfdfc;
  --ink: #1b1e23;
  --muted: #5c636e;
  --rule: #e4e5e8;
  --soft: #f4f4f3;
  --kept: #2a6ab0;
  --kept-soft: #aac8e6;
  --drop: #bd4f13;
  --drop-soft: #ebb996;
  --ref: #a3a9b2;
  --track: #ececec;
  --sans: system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
  --mono: ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,monospace;
  --s1: 4px;
  --s2: 8px;
  --s3: 12px;
  --s4: 16px;
  --s5: 24px;
  --s6: 40px;
  --s7: 64px;
}
@media screen and (prefers-color-scheme:dark) {
  :root {
    --bg: #131518;
    --ink: #e4e6e9;
    --muted: #9ba2ad;
    --rule: #2a2d33;
    --soft: #1a1d21;
    --kept: #639cda;
    --kept-soft: #30578a;
    --drop: #f0965a;
    --drop-soft: #7a431d;
    --ref: #5d636d;
    --track: #23262b;
  }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: var(--s5) }
body {
  margin: 0;
  background: var(--bg);
  color: var(--ink);
  font: 15px/1.5 var(--sans);
  font-variant-numeric: tabular-nums;
  font-feature-settings: "tnum","cv05" 0;
}
main { max-width: 1152px; margin: 0 auto; padding: var(--s6) var(--s5) var(--s7) }
a { color: inherit; text-decoration-color: var(--rule); text-underline-offset: 3px }
a:hover { text-decoration-color: currentColor }
:focus-visible { outline: 2px solid var(--kept); outline-offset: 2px; border-radius: 3px }
.top { display: grid; grid-template-columns: minmax(0,1fr); gap: var(--s4); padding-bottom: var(--s5) }
.kicker { margin: 0; color: var(--muted); font-size: 13px }
h1 { margin: 0; font-size: 32px; line-height: 1.15; font-weight: 640; letter-spacing: -.02em; overflow-wrap: anywhere }
.lead { margin: 0; font-size: 19px; line-height: 1.5; max-width: 44em; letter-spacing: -.005em; text-wrap: pretty }
.lead b { font-weight: 600 }
.meta { display: flex; flex-wrap: wrap; gap: var(--s1) var(--s5); font-size: 13px }
.meta div { display: flex; gap: var(--s2); align-items: baseline }
.meta dt { color: var(--muted) }
.meta dd { margin: 0 }
.badges { display: flex; flex-wrap: wrap; gap: var(--s2); list-style: none; margin: 0; padding: 0 }
.badge {
  display: inline-flex;
  gap: 6px;
  align-items: baseline;
  padding: 3px 10px 3px 8px;
  border: 1px solid var(--rule);
  border-radius: 99px;
  font-size: 13px;
  white-space: nowrap;
}
.badge b { color: var(--kept); font-weight: 600 }
.badge i { font-style: normal; color: var(--muted) }
.badge.fail { border-color: var(--drop) }
.badge.fail b, .badge.fail span { color: var(--drop); font-weight: 600 }
nav {
  display: flex;
  flex-wrap: wrap;
  gap: 0 var(--s4);
  font-size: 13px;
  padding: var(--s2) 0;
  border-block: 1px solid var(--rule);
}
nav a { color: var(--muted); text-decoration: none; padding: var(--s1) 0 }
nav a:hover { color: var(--ink) }
section {
  display: grid;
  grid-template-columns: 192px minmax(0,1fr);
  gap: var(--s2) var(--s6);
  padding: var(--s6) 0;
  border-bottom: 1px solid var(--rule);
}
section>header h2 { margin: 0; font-size: 17px; line-height: 1.35; font-weight: 620; letter-spacing: -.01em }
section>header h2 a { text-decoration: none }
section>header p { margin: var(--s1) 0 0; color: var(--muted); font-size: 13px; text-wrap: pretty }
.body>* { margin: 0 }
.top>* { margin: 0 }
.body>*+* { margin-top: var(--s5) }
.body>h3+*, .body>p.key+table, .body>p.key+h3 { margin-top: var(--s3) }
.body>*+h3 { margin-top: 28px }
h3 { font-size: 13px; font-weight: 600; line-height: 1.5 }
h3 small { font-weight: 400; color: var(--muted); font-size: 13px; margin-left: var(--s2) }
p.note { color: var(--muted); font-size: 13px; max-width: 64em; text-wrap: pretty }
p.note b { color: var(--ink); font-weight: 500 }
.grid { display: grid; grid-template-columns: repeat(auto-fill,minmax(272px,1fr)); gap: 28px }
.grid.two { grid-template-columns: repeat(auto-fill,minmax(336px,1fr)) }
.grid>* { min-width: 0 }
figure { margin: 0 }
figcaption { font-size: 13px; margin-bottom: var(--s2) }
figcaption b { font-weight: 600 }
figcaption span { color: var(--muted); display: block }
figure p { margin: var(--s1) 0 0; font-size: 13px; color: var(--muted) }
figure p.unit { margin: var(--s2) 0 2px; font-size: 12px }
td.viz svg.fig, th svg.fig { max-width: none }
svg.fig {
  display: block;
  max-width: 100%;
  height: auto;
  overflow: visible;
  font: 11.5px var(--sans);
  font-variant-numeric: tabular-nums;
  fill: currentColor;
}
svg.fig .mut { fill: var(--muted) }
table { border-collapse: collapse; width: 100%; font-size: 14px }
th, td { padding: 7px 0 7px var(--s4); text-align: left; vertical-align: baseline; font-weight: 400 }
th:first-child, td:first-child { padding-left: 0 }
thead th { font-size: 12px; color: var(--muted); padding-block: 0 6px; vertical-align: bottom; white-space: nowrap }
tbody { border-top: 1px solid var(--rule) }
table.rows tbody tr+tr { border-top: 1px solid var(--rule) }
.num { text-align: right; white-space: nowrap }
td.viz { vertical-align: top; line-height: 0; padding-top: 8px }
.name { font-weight: 500; overflow-wrap: anywhere; min-width: 96px }
.name small, .sub { display: block; font-weight: 400; color: var(--muted); font-size: 12.5px; line-height: 1.45 }
.zero { color: var(--muted) }
.sort { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer }
.sort:hover { color: var(--ink) }
.sort::after { content: ""; display: inline-block; width: .8em; text-align: right }
.num .sort::after { width: 0 }
[aria-sort] .sort { color: var(--ink) }
[aria-sort=ascending] .sort::before { content: "↑ " }
[aria-sort=descending] .sort::before { content: "↓ " }
.hash { display: inline-flex; gap: var(--s1); align-items: baseline; white-space: nowrap }
code { font: 12.5px var(--mono); overflow-wrap: anywhere }
code, pre { font-variant-ligatures: none }
.copy {
  font: 12px var(--sans);
  color: var(--muted);
  background: none;
  border: 0;
  border-radius: 4px;
  padding: 1px 5px;
  cursor: pointer;
}
.copy:hover { background: var(--track); color: var(--ink) }
details>summary { cursor: pointer; color: var(--muted); font-size: 13px; width: fit-content; list-style: none }
details>summary::-webkit-details-marker { display: none }
summary::before { content: "▸"; display: inline-block; width: 14px }
details[open]>summary::before { content: "▾" }
.fold td { padding-top: 0; padding-bottom: 10px }
.hist svg.fig { margin-bottom: -20px }
.grow { width: 56% }
summary:hover { color: var(--ink) }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: var(--s4) var(--s5); padding: var(--s3) 0 var(--s3) }
.pair h4 { margin: 0 0 var(--s2); font-size: 12px; font-weight: 500; color: var(--muted) }
.ex { margin: 0 0 var(--s3) }
.ex p { margin: 0 0 var(--s1); font-size: 13px; display: flex; gap: var(--s2); align-items: baseline }
.ex p b { font-weight: 600; min-width: 3.2em }
.ex.k b { color: var(--kept) }
.ex.d b { color: var(--drop) }
.ex bdi, bdi { unicode-bidi: isolate; overflow-wrap: anywhere }
pre {
  margin: 0;
  padding: var(--s2) var(--s3);
  background: var(--soft);
  border-radius: 6px;
  font: 12px/1.5 var(--mono);
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  max-height: 106px;
  overflow: auto;
  -webkit-mask: linear-gradient(#000 calc(100% - 18px),#0000);
  mask: linear-gradient(#000 calc(100% - 18px),#0000);
  unicode-bidi: isolate;
  tab-size: 2;
}
.key { display: flex; flex-wrap: wrap; gap: var(--s1) var(--s4); font-size: 12.5px; color: var(--muted) }
.key span { display: inline-flex; gap: 6px; align-items: center }
.key i { width: 10px; height: 10px; border-radius: 2px; display: inline-block }
.key i.dot { border-radius: 50% }
.key i.line { width: 2px; height: 12px; border-radius: 0 }
.checks {
  list-style: none;
  padding: 0;
  display: grid;
  grid-template-columns: repeat(auto-fill,minmax(300px,1fr));
  gap: var(--s2) 28px;
  font-size: 14px;
}
.checks li {
  display: grid;
  grid-template-columns: 16px 1fr auto;
  gap: var(--s2);
  align-items: baseline;
  border-bottom: 1px solid var(--rule);
  padding-bottom: var(--s2);
}
.checks b { color: var(--kept); font-weight: 600 }
.checks .v { color: var(--muted) }
.empty { padding: var(--s3) 0; color: var(--muted); font-size: 13px; border-block: 1px dashed var(--rule) }
.files { columns: 2; column-gap: 28px; font-size: 13px; margin: var(--s2) 0 0; padding: 0; list-style: none }
.files li { break-inside: avoid; display: flex; justify-content: space-between; gap: var(--s2); padding: 2px 0 }
footer { color: var(--muted); font-size: 13px; padding-top: var(--s5) }
.vis { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }

mark { background: var(--drop-soft); color: inherit }
.members { padding-top: var(--s3) }
.checks li.fails b, .checks li.fails span { color: var(--drop); font-weight: 600 }
.bad { color: var(--drop); font-weight: 600 }
.chg { font-weight: 600 }
.fold td { padding-left: 0 }
.pass { color: var(--muted); font-size: 13px }
table caption.vis { text-align: left }
`;

/** What narrow screens and paper change. */
const NARROW = `
@media (max-width:1080px) {
  section { grid-template-columns: minmax(0,1fr); gap: var(--s4) }
}
@media (max-width:900px) {
  .hide { display: none }
}
@media screen and (max-width:800px) {
  main { padding: var(--s5) 20px var(--s6) }
  h1 { font-size: 26px }
  .lead { font-size: 17px }
  section { padding: 32px 0 }
  .badge { white-space: normal; border-radius: 14px }
  .badge span, .badge code { overflow-wrap: anywhere }
  .pair { grid-template-columns: 1fr }
  .files { columns: 1 }
  .grid { grid-template-columns: 1fr }
  .meta { gap: var(--s1) var(--s4) }
  table.stack, .stack tbody, .stack thead { display: block }
  .stack thead tr { display: flex; flex-wrap: wrap; gap: 0 var(--s3); padding-bottom: 6px }
  .stack thead tr::before { content: "sort by"; font-size: 12px; color: var(--muted) }
  .stack thead th { padding: 0 }
  .stack thead th.x, .stack thead svg { display: none }
  .stack tbody tr {
    display: grid;
    grid-template-columns: repeat(var(--c,4),minmax(0,1fr));
    gap: 6px var(--s2);
    padding: var(--s3) 0;
    font-size: 13.5px;
  }
  .stack td { padding: 0; text-align: left }
  .stack td:first-child, .stack td.wide, .stack td.viz { grid-column: 1/-1 }
  .stack td.viz { padding: var(--s1) 0 }
  .stack.side td:first-child { grid-column: 1/span 2 }
  .stack.side td.viz { grid-column: 3/-1; justify-self: end }
  .stack td.viz svg.fig { max-width: 100% }
  .grid svg.fig { width: 100%; font-size: 10.2px }
  .grid.two svg.fig { font-size: 12px }
  .stack td.viz { order: 8 }
  .stack td.num.wide { order: 9 }
  .stack.side td.viz { order: 0 }
  .stack thead:not(:has(.sort)) { display: none }
  .hist svg.fig { margin-bottom: 0 }
  .grow { width: auto }
  .grid.two { grid-template-columns: 1fr }
  .checks { grid-template-columns: 1fr }
  .stack td.num.wide { display: flex; justify-content: space-between; align-items: baseline }
  .stack td.num::before { content: attr(data-l); display: block; font-size: 12px; color: var(--muted) }
  .stack tr.fold { padding-top: 0; margin-top: -6px }
  .stack td.hide { display: none }
}
@media print {
  @page { margin: 15mm }
  :root { color-scheme: light; --bg: #fff }
  main { max-width: none; padding: 0 }
  nav, .copy, .sort::before { display: none!important }
  section, tbody, figure { break-inside: avoid }
  section { padding: 16px 0 }
  pre { max-height: none }
  body { font-size: 12px }
  table { font-size: 12px }
  th, td { padding-left: 10px }
  th svg.fig { margin-left: 0 }
}
`;

export const STYLE = `${WIDE.trim()}\n${NARROW.trim()}`;
