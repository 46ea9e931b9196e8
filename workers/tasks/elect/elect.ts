/**
 * Elects the survivors of some clusters of rows that share keys: by the rule of the barrier, and where it says so by their texts.
 *
 * Without texts the best row of a cluster survives and the others fall for it. With texts rows are taken from the best to the last: one falls
 * when a row that stays holds its text, else it stays, and while there are fewer than MAX_HOLDERS it holds texts itself. So what falls is said, in
 * pieces, by the row that the ledger names, and a chain of rows that are each like the next eats nothing.
 * Invariant: the result depends on the rows of a cluster alone. Price: linear in their texts, whatever the cluster: one look a word for all holders
 * together. A cluster of more than a million rows is gone through twice, for the best ones first and then in order of address, so that memory is a part of it:
 * 75 MB, the words of the holders, and those of a text.
 */
import fs from "node:fs";
import { join } from "node:path";
import { uint32At } from "../../../batch/numbers.ts";
import { Blocks } from "../../../io/local/blocks.ts";
import { commitMarker, createIntermediate } from "../../../io/local/commit.ts";
import { Holders, MAX_HOLDERS } from "../../../kernels/dedup/holders.ts";
import { electionOf, groupAt } from "../../../plan/plan.ts";
import type { Election } from "../../../stages/define.ts";
import { EdgeWriter } from "../../../store/edge-file.ts";
import { matchFiles } from "../../../store/layout.ts";
import { vouch } from "../../../store/marker.ts";
import type { WorkerContext } from "../../context.ts";
import type { ElectionCounts, ElectMarker, ElectTask } from "../../protocol.ts";
import { NO_ROWS } from "./decide.ts";
import { comparePlaces, type Place, PlaceFinder, type Places } from "./places.ts";
import { MemberTexts } from "./texts.ts";

export function elect(task: ElectTask, context: WorkerContext): ElectMarker {
  const group = groupAt(context.plan, task.group);
  const election = electionOf(group);
  if (election === undefined) throw new Error(`${group.stage.id} elects nobody`);
  const folder = context.layout.match(group.fingerprint);
  const file = createIntermediate(join(folder, matchFiles.elected(task.part)));
  const finder = new PlaceFinder(context, group, task.spans, election);
  const texts = new MemberTexts(context, task.spans, finder);
  let marker: ElectMarker;
  try {
    const edges = new EdgeWriter(file);
    const clusters = new Clusters(election, texts, (document, survivor) => edges.add(document, survivor));
    const members = new MemberList(folder, task);
    try {
      if (members.isGiant) clusters.electGiant(members, finder);
      else clusters.electAll(members.read(0, task.words), finder);
    } finally {
      members.close();
    }
    edges.flush();
    marker = { files: [file.commit()], counts: clusters.counts };
  } catch (error) {
    file.abort();
    throw error;
  } finally {
    texts.close();
  }
  commitMarker(join(folder, matchFiles.electedMarker(task.part)), marker);
  return marker;
}

/** The words of the list of members that a task is about. */
class MemberList {
  readonly #task: ElectTask;
  readonly #blocks: Blocks;
  readonly #descriptor: number;

  constructor(folder: string, task: ElectTask) {
    this.#task = task;
    this.#blocks = new Blocks(vouch({ folder, marker: matchFiles.united, name: matchFiles.members }));
    this.#descriptor = this.#blocks.open();
  }

  /** Whether it is one cluster that is too large to be looked at as a whole. */
  get isGiant(): boolean {
    return this.#task.words > 2 * this.#task.piece_words;
  }

  /** The pieces of the documents of a giant. */
  *pieces(): Generator<Uint32Array> {
    const { words, piece_words } = this.#task;
    for (let at = 1; at < words; at += piece_words) yield this.read(at, Math.min(piece_words, words - at));
  }

  read(at: number, words: number): Uint32Array {
    const out = new Uint32Array(words);
    this.#blocks.fill(this.#descriptor, new Uint8Array(out.buffer), 4 * (this.#task.at + at));
    return out;
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

type Counts = { -readonly [Key in keyof ElectionCounts]: ElectionCounts[Key] };

class Clusters {
  readonly counts: Counts = { ...NO_ROWS };
  readonly #election: Election;
  readonly #texts: MemberTexts;
  readonly #fall: (document: number, survivor: number) => void;
  readonly #holders = new Holders();
  /** Documents that hold texts, in order; without texts the one survivor. */
  readonly #survivors: number[] = [];

  constructor(election: Election, texts: MemberTexts, fall: (document: number, survivor: number) => void) {
    this.#election = election;
    this.#texts = texts;
    this.#fall = fall;
  }

  /** Elects in all clusters of `words`, each the number of its documents and these. */
  electAll(words: Uint32Array, finder: PlaceFinder): void {
    const documents = new Uint32Array(words.length);
    let members = 0;
    for (let at = 0; at < words.length; ) {
      const end = at + uint32At(words, at) + 1;
      documents.set(words.subarray(at + 1, end), members);
      members += end - at - 1;
      at = end;
    }
    const places = finder.find(documents.subarray(0, members));
    let first = 0;
    for (let at = 0; at < words.length; ) {
      const size = uint32At(words, at);
      this.#electOne(first, size, places);
      first += size;
      at += size + 1;
    }
  }

  /** As `electAll`, for one cluster that is read in pieces. */
  electGiant(members: MemberList, finder: PlaceFinder): void {
    const best: Place[] = [];
    for (const documents of members.pieces()) {
      const places = finder.find(documents);
      for (let row = 0; row < documents.length; row++) {
        if (!places.isThere(row)) continue;
        const place = places.at(row);
        const last = best.at(-1);
        if (best.length === MAX_HOLDERS && last !== undefined && comparePlaces(place, last) > 0) continue;
        best.splice(best.findLastIndex((other) => comparePlaces(other, place) < 0) + 1, 0, place);
        best.length = Math.min(best.length, MAX_HOLDERS);
      }
    }
    this.#begin();
    for (const place of best) this.#judge(place, true);
    const taken = new Set(best.map(({ document }) => document));
    for (const documents of members.pieces()) {
      this.counts.members += documents.length;
      const places = finder.find(documents);
      for (let row = 0; row < documents.length; row++) {
        if (!places.isThere(row)) this.counts.absent++;
        else if (!taken.has(uint32At(documents, row))) this.#judge(places.at(row), true);
      }
    }
  }

  /** The cluster of the rows `[first, first + size)`. */
  #electOne(first: number, size: number, places: Places): void {
    const rows: number[] = [];
    for (let row = first; row < first + size; row++) if (places.isThere(row)) rows.push(row);
    this.counts.members += size;
    this.counts.absent += size - rows.length;
    if (rows.length < 2) return;
    rows.sort((a, b) => places.compare(a, b));
    this.#begin();
    for (const [index, row] of rows.entries()) this.#judge(places.at(row), index + 1 < rows.length);
  }

  #begin(): void {
    this.#holders.reset();
    this.#survivors.length = 0;
  }

  /** The next row of a cluster. `mayHold`: others come behind it. */
  #judge(place: Place, mayHold: boolean): void {
    const { document } = place;
    if (!this.#election.text) {
      const [survivor] = this.#survivors;
      if (survivor === undefined) this.#survivors.push(document);
      else this.#drop(document, survivor);
      return;
    }
    if (!this.#texts.read(place)) {
      this.counts.unknown_text++;
      return;
    }
    const { words, count } = this.#texts.hashes;
    const holder = this.#holders.find(words, count);
    const survivor = this.#survivors[holder];
    if (survivor !== undefined) {
      this.#drop(document, survivor);
      return;
    }
    const { outcome } = this.#holders;
    if (this.#survivors.length > 0 && outcome !== "held") this.counts[outcome]++;
    if (mayHold && this.#holders.add(words, count)) this.#survivors.push(document);
  }

  #drop(document: number, survivor: number): void {
    this.counts.fallen++;
    this.#fall(document, survivor);
  }
}
