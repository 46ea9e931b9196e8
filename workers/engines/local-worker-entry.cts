/**
 * What a thread of the pool runs first: it only imports the worker, without blocking.
 *
 * Why: piscina asks for its file with `require`, which loads modules in one blocking call, and a thread that is ended during that call takes the
 * whole process with it (seen on Node 20). A thread that is ended during an `import()` just ends. Price: nothing that can be measured.
 */
import type { Task, TaskResult } from "../protocol.ts" with { "resolution-mode": "import" };

async function runTask(task: Task): Promise<TaskResult> {
  const { default: run } = await import("./local-worker.js");
  return run(task);
}

module.exports = runTask;
