/** How benchmarks measure: CPU time of the process, so that other load on the machine matters little, and the middle of what rounds took. */

/** CPU seconds of the process so far; only the sum of user and system time is exact. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
