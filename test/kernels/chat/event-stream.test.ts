import assert from "node:assert/strict";
import { test } from "node:test";
import { EventStream } from "../../../kernels/chat/event-stream.ts";

const TEXT =
  'data: {"é": "日本"}\n\n: a comment\ndata:second\r\n\r\nevent: x\ndata: two\ndata: lines\n\ndata: never ended\n';
const EVENTS = ['{"é": "日本"}', "second", "two\nlines"];

test("events are the same however their bytes are cut", () => {
  const bytes = Buffer.from(TEXT);
  for (let size = 1; size <= bytes.length; size++) {
    const stream = new EventStream();
    const events: string[] = [];
    for (let at = 0; at < bytes.length; at += size) events.push(...stream.push(bytes.subarray(at, at + size)));
    assert.deepEqual(events, EVENTS, `${size} bytes at a time`);
  }
});
