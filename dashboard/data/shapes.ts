/** What the server answers, as far as the dashboard shows it (`/openapi.json` has all of it). */

export type JobState = 'RUNNING' | 'RESTARTING' | 'FINISHED' | 'CANCELED' | 'FAILED';
export type SubtaskState = 'DEPLOYING' | 'RUNNING' | 'FINISHED' | 'CANCELED' | 'FAILED';

/** Once a second, from `/events`. */
export type Progress = {
  readonly state: JobState;
  readonly now: number;
  readonly records: number;
  readonly watermark: number | null;
  readonly restarts: number;
  readonly checkpoint: number | null;
  /** Of each thread. */
  readonly gcMs: readonly number[];
  readonly vertices: readonly VertexProgress[];
  readonly edges: readonly EdgeProgress[];
};

export type VertexProgress = {
  readonly id: string;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly recordsWritten: number;
  /** Outside: of files, or over the net. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly watermark: number | null;
  readonly watermarkLag: number | null;
  readonly busyRatio: number;
  readonly backPressuredRatio: number;
};

export type EdgeProgress = {
  readonly id: string;
  readonly rows: number;
  readonly fullest: number;
};

export type JobSummary = {
  readonly jid: string;
  readonly name: string;
  readonly state: JobState;
};

export type Jobs = { readonly jobs: readonly JobSummary[] };

export type Counts = {
  readonly 'read-records': number;
  readonly 'write-records': number;
  readonly 'late-records': number;
  readonly 'skipped-records': number;
};

export type Job = {
  readonly jid: string;
  readonly name: string;
  readonly state: JobState;
  readonly 'start-time': number;
  readonly 'input-share': number | null;
  readonly vertices: readonly {
    readonly id: string;
    readonly name: string;
    readonly parallelism: number;
    readonly status: SubtaskState;
    readonly metrics: Counts;
  }[];
  readonly plan: {
    readonly nodes: readonly {
      readonly id: string;
      readonly description: string;
      readonly inputs: readonly { readonly id: string; readonly ship_strategy: string }[];
    }[];
  };
};

export type Vertex = {
  readonly id: string;
  readonly name: string;
  readonly subtasks: readonly {
    readonly subtask: number;
    readonly status: SubtaskState;
    readonly thread: string;
    readonly metrics: Counts;
  }[];
};

export type BackPressure = {
  readonly subtasks: readonly {
    readonly subtask: number;
    readonly ratio: number;
    readonly idleRatio: number;
    readonly busyRatio: number;
  }[];
};

/** Of a vertex; the value is left out where only names were asked for. */
export type Metric = { readonly id: string; readonly value?: string };

export type Checkpoint = {
  readonly id: number;
  readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  readonly is_savepoint: boolean;
  readonly trigger_timestamp: number;
  readonly end_to_end_duration: number;
  readonly checkpointed_size: number;
  readonly state_size: number;
  readonly num_subtasks: number;
  readonly num_acknowledged_subtasks: number;
  readonly external_path: string | null;
  readonly failure_message: string | null;
  readonly operators: Readonly<Record<string, CheckpointedOperator>>;
};

export type CheckpointedOperator = {
  readonly name: string;
  readonly checkpointed_size: number;
  readonly state_size: number;
  readonly rows: number;
};

/** The parts of the subtasks of a vertex in a checkpoint; times in milliseconds. */
export type CheckpointParts = {
  readonly subtasks: readonly {
    readonly index: number;
    readonly status: 'completed' | 'pending_or_failed';
    readonly has_ended: boolean;
    readonly end_to_end_duration: number;
    readonly checkpointed_size: number;
    readonly state_size: number;
    readonly checkpoint: { readonly sync: number; readonly async: number };
    readonly alignment: { readonly duration: number };
    readonly start_delay: number;
  }[];
};

export type Spread = { readonly min: number; readonly max: number; readonly avg: number };

export type Checkpoints = {
  readonly counts: {
    readonly restored: number;
    readonly total: number;
    readonly in_progress: number;
    readonly completed: number;
    readonly failed: number;
  };
  readonly summary: {
    readonly checkpointed_size: Spread;
    readonly state_size: Spread;
    readonly end_to_end_duration: Spread;
  };
  readonly latest: {
    readonly completed: Checkpoint | null;
    readonly restored: { readonly id: number; readonly external_path: string } | null;
  };
  readonly history: readonly Checkpoint[];
};

export type CheckpointConfig = {
  readonly interval: number;
  readonly min_pause: number;
  readonly directory: string;
} & Readonly<Record<string, string | number | boolean>>;

export type Exceptions = {
  readonly exceptionHistory: {
    readonly entries: readonly {
      readonly exceptionName: string;
      readonly message: string;
      readonly stacktrace: string;
      readonly timestamp: number;
    }[];
    readonly truncated: boolean;
  };
};

export type JobConfig = {
  readonly 'execution-config': Readonly<Record<string, unknown>> & {
    readonly 'user-config': Readonly<Record<string, string>>;
  };
};

export type Triggered = { readonly 'request-id': string };

export type Outcome = {
  readonly status: { readonly id: 'IN_PROGRESS' | 'COMPLETED' };
  readonly operation?: {
    readonly location?: string | null;
    readonly 'failure-cause'?: { readonly 'stack-trace': string };
  };
};

export type Flame = {
  readonly name: string;
  readonly value: number;
  readonly children: readonly Flame[];
};

export type FlameGraph = { readonly endTimestamp: number; readonly data: Flame };

export type ThreadDump = {
  readonly threads: readonly { readonly name: string; readonly stack: readonly string[] }[];
};

export type OperatorStates = {
  readonly id: string;
  readonly name: string;
  readonly keys: number | null;
  /** In the last checkpoint; null before there is one. */
  readonly bytes: number | null;
  readonly states: readonly {
    readonly name: string;
    readonly kind: string;
    readonly keys: number | null;
    readonly windows: number | null;
  }[];
};

/** Bounds that are not finite are texts. */
export type WindowOfKey = {
  readonly start: number | string;
  readonly end: number | string;
  readonly values: unknown;
};

export type States = { readonly operators: readonly OperatorStates[] };

export type Lookup = {
  readonly found: boolean;
  readonly value?: unknown;
  readonly namespace?: unknown;
  readonly subtask?: number | null;
};

export type Tap = { readonly records: readonly unknown[]; readonly sampled: number };

export type LogEntry = {
  readonly seq: number;
  readonly timestamp: number;
  readonly level: string;
  readonly message: string;
  readonly operator?: string;
};

export type Logs = { readonly entries: readonly LogEntry[] };
