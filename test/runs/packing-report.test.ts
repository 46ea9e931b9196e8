import assert from "node:assert/strict";
import { test } from "node:test";
import { reportPacking } from "../../runs/packing-report.ts";
import { temporaryFolder } from "../io/temporary.ts";
import { makeSmallRun } from "../manifests/small-run.ts";

test("the report agrees with the manifests and with concatenation", (t) => {
  const { manifests, store } = makeSmallRun(temporaryFolder(t));
  const report = reportPacking(manifests, store);
  assert.deepEqual(
    report.map(({ stage, pack }) => [stage, pack]),
    [
      ["stage1", "pack/concat"],
      ["stage2", "pack/concat"],
      ["long", "pack/best-fit"],
    ],
  );
  report.forEach(({ sources }, index) => {
    for (const { source, read, packed, concat } of sources) {
      const share = manifests[index].sources[source];
      assert.equal(read.windows, share.windows);
      assert.equal(packed.windows, share.packing.windows);
      assert.equal(packed.padding_tokens, share.packing.padding_tokens);
      assert.equal(packed.documents, share.packing.documents);
      assert.equal(packed.documents_cut_unavoidable, share.packing.documents_cut_unavoidable);
      assert.deepEqual([packed.tokens_lost, packed.tail_tokens, concat.tokens_lost], [0, 0, 0]);
      assert.ok(packed.extra_windows >= concat.extra_windows && concat.extra_windows >= 0);
    }
  });
  for (const { packed, concat } of report[0].sources)
    assert.deepEqual({ ...packed, tail_tokens: concat.tail_tokens }, concat);
  for (const { packed, concat } of report[2].sources) {
    assert.equal(packed.documents_cut_avoidable, 0);
    assert.ok(concat.documents_cut_avoidable > 0);
    assert.ok(packed.effective_context_tokens > concat.effective_context_tokens);
  }
  // Stages that read different windows of one packing add up to no more than it holds.
  const web = report.slice(0, 2).map(({ sources }) => sources.find(({ source }) => source === "web")?.read);
  assert.ok((web[0]?.documents ?? 0) + (web[1]?.documents ?? 0) <= manifests[0].sources.web.packing.documents);
});
