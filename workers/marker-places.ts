/** Where the marker of each task lies: one place for who writes markers and who looks for them. */
import { entryAt } from "../batch/entry.ts";
import { electionOf, groupAt, outputAt, type Plan, quantilesAt, rowsAt, sourceAt, windowsAt } from "../plan/plan.ts";
import {
  type Layout,
  matchFiles,
  outputFiles,
  quantileFiles,
  rowFiles,
  spanFiles,
  tokenFiles,
  verdictFiles,
  windowFiles,
} from "../store/layout.ts";
import type { MarkerPlace } from "./markers.ts";
import type { Task } from "./protocol.ts";

export class MarkerPlaces {
  readonly #plan: Plan;
  readonly #layout: Layout;
  /** Folders of passes, by source: asked for once a span. */
  readonly #passes: readonly (readonly string[])[];

  constructor(plan: Plan, layout: Layout) {
    this.#plan = plan;
    this.#layout = layout;
    this.#passes = plan.sources.map(({ passes }) => passes.map(({ fingerprint }) => layout.ingest(fingerprint)));
  }

  cut(source: number): MarkerPlace<"cut"> {
    return { kind: "cut", folder: this.pass(source, 0), name: spanFiles.spans };
  }

  ingest(source: number, pass: number, span: number): MarkerPlace<"ingest"> {
    return { kind: "ingest", folder: this.pass(source, pass), name: spanFiles.marker(span) };
  }

  match(group: number, partition: number): MarkerPlace<"match"> {
    return { kind: "match", folder: this.group(group), name: matchFiles.marker(partition) };
  }

  refine(group: number, input: number): MarkerPlace<"refine"> {
    return { kind: "refine", folder: this.group(group), name: matchFiles.refined(input) };
  }

  compare(group: number, partition: number): MarkerPlace<"compare"> {
    return { kind: "compare", folder: this.group(group), name: matchFiles.compared(partition) };
  }

  unite(group: number): MarkerPlace<"unite"> {
    return { kind: "unite", folder: this.group(group), name: matchFiles.united };
  }

  elect(group: number, part: number): MarkerPlace<"elect"> {
    return { kind: "elect", folder: this.group(group), name: matchFiles.electedMarker(part) };
  }

  decide(group: number): MarkerPlace<"decide"> {
    return { kind: "decide", folder: this.group(group), name: matchFiles.decided };
  }

  /** The marker that says who survives of a group. */
  verdict(group: number): MarkerPlace<"unite" | "decide"> {
    return electionOf(groupAt(this.#plan, group)) === undefined ? this.unite(group) : this.decide(group);
  }

  scatter(source: number, part: number): MarkerPlace<"scatter"> {
    return { kind: "scatter", folder: this.store(source), name: tokenFiles.scatterMarker(part) };
  }

  gather(source: number, shard: number, heldOut: boolean): MarkerPlace<"gather"> {
    const folder = heldOut ? this.#layout.validation(sourceAt(this.#plan, source).tokens) : this.store(source);
    return { kind: "gather", folder, name: tokenFiles.shardMarker(shard) };
  }

  settle(source: number, part: number): MarkerPlace<"settle"> {
    return { kind: "settle", folder: this.verdicts(source), name: verdictFiles.marker(part) };
  }

  seal(source: number): MarkerPlace<"seal"> {
    return { kind: "seal", folder: this.store(source), name: tokenFiles.storeMarker };
  }

  pack(windows: number, epoch: number, shard: number): MarkerPlace<"pack"> {
    const folder = this.#layout.windows(windowsAt(this.#plan, windows).fingerprint);
    return { kind: "pack", folder, name: windowFiles.marker(epoch, shard) };
  }

  quantile(quantiles: number): MarkerPlace<"quantile"> {
    const folder = this.#layout.quantiles(quantilesAt(this.#plan, quantiles).fingerprint);
    return { kind: "quantile", folder, name: quantileFiles.marker };
  }

  arrange(rows: number): MarkerPlace<"arrange"> {
    const folder = this.#layout.rows(rowsAt(this.#plan, rows).fingerprint);
    return { kind: "arrange", folder, name: rowFiles.marker };
  }

  write(output: number, shard: number): MarkerPlace<"write"> {
    const folder = this.#layout.output(outputAt(this.#plan, output).fingerprint);
    return { kind: "write", folder, name: outputFiles.marker(shard) };
  }

  /** Folder of a pass. */
  pass(source: number, pass: number): string {
    return entryAt(entryAt(this.#passes, source, "source"), pass, "pass");
  }

  /** Folder of a dedup group. */
  group(group: number): string {
    return this.#layout.match(groupAt(this.#plan, group).fingerprint);
  }

  /** Folder of a token store. */
  store(source: number): string {
    return this.#layout.tokens(sourceAt(this.#plan, source).tokens);
  }

  verdicts(source: number): string {
    return this.#layout.verdicts(sourceAt(this.#plan, source).verdicts);
  }

  of(task: Task): MarkerPlace {
    switch (task.kind) {
      case "cut":
        return this.cut(task.source);
      case "ingest":
        return this.ingest(task.source, task.pass, task.span);
      case "match":
        return this.match(task.group, task.partition);
      case "refine":
        return this.refine(task.group, task.input);
      case "compare":
        return this.compare(task.group, task.partition);
      case "unite":
        return this.unite(task.group);
      case "elect":
        return this.elect(task.group, task.part);
      case "decide":
        return this.decide(task.group);
      case "scatter":
        return this.scatter(task.source, task.part);
      case "gather":
        return this.gather(task.source, task.shard, task.held_out);
      case "settle":
        return this.settle(task.source, task.part);
      case "seal":
        return this.seal(task.source);
      case "pack":
        return this.pack(task.windows, task.epoch, task.shard);
      case "quantile":
        return this.quantile(task.quantiles);
      case "arrange":
        return this.arrange(task.rows);
      case "write":
        return this.write(task.output, task.shard);
    }
  }
}
