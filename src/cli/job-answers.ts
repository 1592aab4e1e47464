/** What the REST API answers about a running job, as far as commands show it. */

export type JobInfo = {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly duration: number;
  readonly records: number;
  readonly restarts: number;
  readonly vertices: readonly {
    readonly id: string;
    readonly name: string;
    readonly parallelism: number;
    readonly status: string;
    readonly metrics: Readonly<Record<string, number>>;
  }[];
};

export type JobCheckpoints = {
  readonly counts: Readonly<Record<string, number>>;
  readonly history: readonly {
    readonly id: number;
    readonly status: string;
    readonly is_savepoint: boolean;
    readonly trigger_timestamp: number;
    readonly end_to_end_duration: number;
    readonly checkpointed_size: number;
    readonly state_size: number;
    readonly external_path: string | null;
    readonly failure_message: string | null;
  }[];
};
