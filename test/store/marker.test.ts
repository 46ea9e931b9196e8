import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { commitIntermediate, commitMarker } from "../../io/local/commit.ts";
import { readVouched } from "../../io/local/vouched.ts";
import { markerFacts, readMarker, vouchers, type WithFiles } from "../../store/marker.ts";
import { damageOf, discardDamaged } from "../../store/repair.ts";
import { temporaryFolder } from "../io/temporary.ts";
import { flipByte } from "../io/vouched.ts";
import { treeDigests } from "../workers/fixture.ts";

type Marker = WithFiles & { readonly rows: number };
const NAME = "00000.done.json";

function damageThrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return damageOf(error);
  }
  return "nothing";
}

test("a marker is done, absent or damaged, and reading it changes nothing", (t) => {
  const folder = temporaryFolder(t);
  assert.deepEqual(readMarker(folder, NAME), { state: "absent" });
  const marker = { files: [commitIntermediate(path.join(folder, "a"), Buffer.from("abc"))], rows: 3 };
  commitMarker(path.join(folder, NAME), marker);
  assert.deepEqual(readMarker<Marker>(folder, NAME), { state: "done", marker });

  const damage = { folder, marker: NAME };
  const looks = (what: RegExp, file?: string): void => {
    const before = treeDigests(folder);
    const read = readMarker<Marker>(folder, NAME);
    assert.equal(read.state, "damaged");
    if (read.state !== "damaged") return;
    assert.deepEqual(read.damage, file === undefined ? damage : { ...damage, file });
    assert.match(read.what, what);
    assert.deepEqual(treeDigests(folder), before);
  };
  for (let at = 0; at < fs.statSync(path.join(folder, NAME)).size; at++) {
    flipByte(path.join(folder, NAME), at);
    looks(/is damaged/);
    assert.equal(markerFacts(folder, NAME), undefined);
    flipByte(path.join(folder, NAME), at);
  }
  fs.appendFileSync(path.join(folder, "a"), "d");
  looks(/has 4 bytes where 3 were committed/, "a");
  fs.rmSync(path.join(folder, "a"));
  looks(/is gone/, "a");
  assert.deepEqual(markerFacts(folder, NAME), marker, "its figures stay true");
});

test("a marker vouches for its files and no others; without it nobody does", (t) => {
  const folder = temporaryFolder(t);
  const files = ["a", "b"].map((name) => commitIntermediate(path.join(folder, name), Buffer.from(name)));
  commitMarker(path.join(folder, NAME), { files });
  const fileOf = vouchers(folder, NAME);
  assert.equal(Buffer.from(readVouched(fileOf("b"))).toString(), "b");
  flipByte(path.join(folder, "b"), 0);
  const damage = { folder, marker: NAME };
  assert.deepEqual(
    damageThrownBy(() => readVouched(fileOf("b"))),
    { ...damage, file: "b" },
  );
  assert.deepEqual(
    damageThrownBy(() => fileOf("c")),
    damage,
  );
  flipByte(path.join(folder, NAME), 5);
  assert.deepEqual(
    damageThrownBy(() => vouchers(folder, NAME)),
    damage,
  );
  discardDamaged(damage);
  assert.deepEqual(fs.readdirSync(folder).sort(), ["a", "b"], "nothing but the marker goes");
  assert.deepEqual(
    damageThrownBy(() => vouchers(folder, NAME)),
    damage,
  );
  assert.equal(damageOf(new Error("other")), undefined);
});

test("with the list of spans go the markers of the spans, and nothing else", (t) => {
  const folder = temporaryFolder(t);
  for (const name of ["00000.done.json", "100000.done.json", "spans.json", "00000.tokens", "store.done.json"]) {
    fs.writeFileSync(path.join(folder, name), "");
  }
  discardDamaged({ folder, marker: "spans.json" });
  assert.deepEqual(fs.readdirSync(folder).sort(), ["00000.tokens", "store.done.json"]);
});
