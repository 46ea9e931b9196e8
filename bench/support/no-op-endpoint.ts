/**
 * A chat endpoint that says the same to everything, in a process of its own: what is left of a run's time is the run's.
 *
 * Speaks as much HTTP as our client does: requests with a length over kept connections. Tells its parent its port, then, when asked, how many it
 * has answered and the CPU time that it took.
 */
import net from "node:net";

const CONTENT = "The sky is blue because air scatters short waves of light more than long ones. ".repeat(
  Number(process.argv[2] ?? "1"),
);
const BODY = JSON.stringify({
  id: "chatcmpl-0",
  object: "chat.completion",
  created: 1,
  model: "no-op",
  choices: [{ index: 0, message: { role: "assistant", content: CONTENT }, finish_reason: "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
});
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(BODY)}\r\n\r\n${BODY}`,
);
const HEAD_END = "\r\n\r\n";

let answered = 0;
const server = net.createServer((socket) => {
  socket.setNoDelay(true);
  let rest = Buffer.alloc(0);
  socket.on("data", (piece) => {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let head = rest.indexOf(HEAD_END); head >= 0; head = rest.indexOf(HEAD_END)) {
      const length = Number(/content-length: (\d+)/i.exec(rest.toString("latin1", 0, head))?.[1] ?? "0");
      const end = head + HEAD_END.length + length;
      if (rest.length < end) return;
      rest = rest.subarray(end);
      answered++;
      socket.write(ANSWER);
    }
  });
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" && address !== null ? address.port : 0 });
});
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ answered, cpu_us: user + system });
});
process.on("disconnect", () => process.exit(0));
