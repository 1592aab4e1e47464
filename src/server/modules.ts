/** Modules of jobs that a server may start. Where they come from is for whoever runs the server. */
export type JobModule = {
  /** What it is asked by. */
  readonly id: string;
  /** Names of the jobs that it defines. */
  readonly jobs: readonly string[];
  /** Why it cannot be loaded; null where it is. */
  readonly error: string | null;
};

export type StartRequest = {
  /** May be left out where the module has one job. */
  readonly job?: unknown;
  readonly params?: unknown;
  readonly threads?: unknown;
  readonly parallelism?: unknown;
};

export interface JobModules {
  all(): readonly JobModule[];
  /**
   * Starts a job of a module; resolves to its id. RestError 404 for none, 409 where it runs already; EngineErrors as those of
   * `start`.
   */
  start(module: string, request: StartRequest): Promise<string>;
}
