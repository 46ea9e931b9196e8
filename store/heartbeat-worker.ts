/** The entry of a thread that keeps a lock fresh while the main thread is busy. Never ends by itself, and never keeps the process alive. */
import { workerData } from "node:worker_threads";
import { beat } from "./heartbeat.ts";

const { path, id, every_ms } = workerData as { path: string; id: string; every_ms: number };

beat(path, id);
setInterval(() => beat(path, id), every_ms);
