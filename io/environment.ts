// TEMPORARY stand-in by the lead so that the run engine can be tried: the io engineer replaces this file.
export interface IoEnvironment {
  readonly root: string;
  readonly identityCacheFile?: string;
}
export type EnvironmentData = IoEnvironment;
export function createIoEnvironment(overrides: Partial<IoEnvironment>): IoEnvironment {
  return { root: ".", ...overrides };
}
export function environmentData(environment: IoEnvironment): EnvironmentData {
  return environment;
}
