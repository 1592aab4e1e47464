/** What those who watch a job are told of it beside the numbers of its attempt: what has become of earlier ones. */
import { type Clock, systemClock } from '../base/clock.ts';
import { EngineError, messageOf } from '../base/errors.ts';
import { EventLoopWatch } from '../base/event-loop.ts';
import { heapOfThread } from '../base/heap.ts';
import { SHOWN_FAILURES } from '../base/limits.ts';
import type { StoredCheckpoint } from '../checkpoint/checkpoint.ts';
import type { RuntimeSettings } from '../task/deployment.ts';
import { durationMs } from '../time/duration.ts';
import type { Attempt, JobPlan } from './attempt.ts';
import { CheckpointHistory } from './checkpoint-history.ts';
import type { CheckpointSettings } from './checkpoint-settings.ts';
import type { JobState, JobStatus } from './job.ts';
import type {
  CheckpointRecord,
  CommitMetrics,
  FailureMetrics,
  JobConfig,
  JobMetrics,
} from './job-metrics.ts';
import type { JobLog } from './log.ts';
import type { RestartStrategy } from './restart-strategy.ts';

export class JobWatch {
  readonly startedAt: number;
  readonly checkpoints: CheckpointHistory;
  readonly #log: JobLog;
  readonly #clock: Clock;
  readonly #eventLoop = new EventLoopWatch();
  /** The newest first. */
  readonly #failures: FailureMetrics[] = [];
  /** By the uid of the sink. */
  readonly #commits = new Map<string, CommitMetrics>();
  #restarts = 0;
  #isRestarting = false;

  constructor(log: JobLog, clock: Clock = systemClock) {
    this.#log = log;
    this.#clock = clock;
    this.startedAt = clock.now();
    this.checkpoints = new CheckpointHistory(clock, (record) => this.#onCheckpoint(record));
  }

  #onCheckpoint({ kind, id, state, durationMs, bytes, failure }: CheckpointRecord): void {
    const which = `${kind} ${id}`;
    const ms = Math.round(durationMs);
    if (state === 'failed') this.#log.add('warn', `${which} failed after ${ms} ms: ${failure}`);
    else this.#log.add('info', `${which} is complete after ${ms} ms: ${bytes} bytes written`);
  }

  /** An attempt is at work. */
  onStart({ threads, parallelism }: JobPlan, from: StoredCheckpoint | null): void {
    const where = from === null ? 'from its start' : `from ${from.path}`;
    const size = `${threads} threads, parallelism ${parallelism}`;
    this.#log.add('info', `attempt ${this.#restarts + 1} runs ${where}: ${size}`);
  }

  /** What has ended an attempt; that its caller has cancelled the job is none. */
  onFailure(error: unknown): void {
    const code = error instanceof EngineError ? error.code : null;
    if (code === 'JOB_CANCELLED') return;
    this.#log.addError(error);
    const message = messageOf(error);
    const stack = error instanceof Error ? (error.stack ?? message) : message;
    this.#failures.unshift({ at: this.#clock.now(), code, message, stack });
    if (this.#failures.length > SHOWN_FAILURES) this.#failures.pop();
  }

  onCommit(uid: string, name: string, count: number): void {
    const committed = (this.#commits.get(uid)?.committed ?? 0) + count;
    this.#commits.set(uid, { uid, name, committed });
  }

  onWait(): void {
    this.#isRestarting = true;
  }

  onRestart(): void {
    this.#restarts++;
    this.#isRestarting = false;
  }

  onEnd(state: JobState): void {
    this.#log.add(state === 'failed' ? 'error' : 'info', `the job is ${state}`);
    this.#isRestarting = false;
    this.#eventLoop.stop();
  }

  metrics(id: string, status: JobStatus, attempt: Attempt | null): JobMetrics {
    const { operators: _, ...progress } = status;
    if (status.state === 'running') this.#eventLoop.start();
    const [caller, ...workers] = attempt?.watched.threads() ?? [];
    const heap = heapOfThread();
    return {
      ...progress,
      id,
      startedAt: this.startedAt,
      isRestarting: this.#isRestarting,
      restarts: this.#restarts,
      tasks: attempt?.watched.tasks() ?? [],
      exchanges: attempt?.exchanges.exchanges() ?? [],
      threads:
        caller === undefined
          ? []
          : [
              { ...caller, heapUsedBytes: heap.usedBytes, heapLimitBytes: heap.limitBytes },
              ...workers,
            ],
      eventLoopDelay: this.#eventLoop.delay(),
      checkpoints: this.checkpoints.metrics(),
      commits: [...this.#commits.values()],
      failures: [...this.#failures],
    };
  }
}

/** A job's options as those see it who watch the job. */
export function jobConfig(
  plan: JobPlan,
  settings: Pick<RuntimeSettings, 'maxParallelism' | 'bufferTimeoutMs'>,
  checkpoints: CheckpointSettings | null,
  restart: RestartStrategy,
): JobConfig {
  const { threads, parallelism, isBatch, params } = plan;
  const { maxParallelism, bufferTimeoutMs } = settings;
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  return {
    threads,
    parallelism,
    maxParallelism,
    isBatch,
    bufferTimeoutMs,
    params: Object.fromEntries(given) as JobConfig['params'],
    restartStrategy: restartText(restart),
    checkpoints: checkpoints === null ? null : checkpointConfig(checkpoints),
  };
}

function checkpointConfig(settings: CheckpointSettings): NonNullable<JobConfig['checkpoints']> {
  const { isAligned, isUnaligned, isIncremental, ...rest } = settings;
  return {
    ...rest,
    mode: isAligned ? 'exactlyOnce' : 'atLeastOnce',
    unaligned: isUnaligned,
    incremental: isIncremental,
  };
}

/** `fixedDelay (attempts 3, delay 1000 ms)` */
function restartText(restart: RestartStrategy): string {
  if (restart === 'none') return restart;
  const { strategy, ...options } = restart;
  const texts = Object.entries(options).map(([name, value]) =>
    typeof value === 'string' ? `${name} ${durationMs(value, name)} ms` : `${name} ${value}`,
  );
  return texts.length === 0 ? strategy : `${strategy} (${texts.join(', ')})`;
}
