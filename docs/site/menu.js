/** The parts of the site, in the order of the menu. Every page of docs/ is in one of them; the build fails where one is not. */
export const MENU = [
  {
    part: "Start",
    pages: [
      "index",
      "guide",
      "concepts",
      "troubleshooting",
      "disk-and-memory",
      "from-datatrove",
      "from-dolma-and-curator",
    ],
  },
  { part: "Read", pages: ["s3", "common-crawl", "software-heritage"] },
  {
    part: "Curate",
    pages: [
      "curation",
      "filters",
      "page-filters",
      "language-and-quality",
      "text-repair",
      "dedup",
      "dedup-keys",
      "dedup-edits",
      "decontamination",
      "statistics",
      "parity",
    ],
  },
  { part: "Mix and pack", pages: ["mixing", "mixture-experiments", "smollm3", "outputs", "exports", "publish"] },
  { part: "Chats", pages: ["smoltalk2", "chats", "chat-templates", "generate"] },
  { part: "Look back", pages: ["report", "looking-back"] },
  {
    part: "Reference",
    pages: ["reference/recipe", "reference/stages", "reference/exports", "reference/flags", "reference/errors"],
  },
  {
    part: "Carry on",
    pages: ["api", "architecture", "write-a-stage", "write-an-exporter", "dependencies", "scale", "LOG"],
  },
];
