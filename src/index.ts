/** millrace: stateful stream processing on every core of one machine. */
import { openDoor } from './base/doors.ts';

openDoor(import.meta.url);

export type { Aggregate, Aggregates, ResultsOf } from './api/aggregates.ts';
export { Lookup } from './api/async.ts';
export type {
  AsyncContext,
  AsyncOptions,
  AsyncRetry,
  LookupCache,
  LookupOptions,
  ParallelOptions,
} from './api/async-options.ts';
export {
  BroadcastConnectedStreams,
  type BroadcastContext,
  type BroadcastFunction,
  BroadcastStream,
  KeyedBroadcastConnectedStreams,
  type KeyedBroadcastContext,
  type KeyedBroadcastFunction,
} from './api/broadcast.ts';
export { BroadcastJoin, BroadcastPair } from './api/broadcast-join.ts';
export {
  type ConnectedFunction,
  ConnectedStreams,
  type FlatMapPair,
  type KeyedConnectedFunction,
  KeyedConnectedStreams,
  type MapPair,
} from './api/connected.ts';
export { type Emits, type } from './api/emits.ts';
export {
  countEvictor,
  customEvictor,
  deltaEvictor,
  type Evictor,
  type EvictorOptions,
  timeEvictor,
} from './api/evictors.ts';
export { Flow, type FromOptions } from './api/flow.ts';
export { FullPartition, KeyedPartition } from './api/full-partition.ts';
export type { FunctionContext } from './api/function-context.ts';
export {
  IntervalJoin,
  type IntervalOptions,
  IntervalPairs,
  type PairContext,
  type PairFunction,
} from './api/interval-join.ts';
// Jobs
export {
  type Collected,
  Job,
  job,
  type Outputs,
  type StartedJob,
  type StartOptions,
} from './api/job.ts';
export { KeyedStream } from './api/keyed-stream.ts';
export type { KeyField, KeyValue, TimeField } from './api/keys.ts';
export {
  type BroadcastDescriptors,
  type BroadcastViews,
  type OperatorStateDescriptors,
  type OperatorStateHandles,
  type UnionDescriptor,
  unionList,
} from './api/operator-state.ts';
export type {
  CheckpointListener,
  ProcessContext,
  ProcessFunction,
  ProcessPlace,
  RecordContext,
  TimerContext,
  Timers,
  UnkeyedContext,
  UnkeyedPlace,
  UnkeyedProcessFunction,
} from './api/process.ts';
// Streams
export { JobInput, JobOutput } from './api/program.ts';
export { type SideOutput, sideOutput } from './api/side-output.ts';
// State
export {
  aggregating,
  list,
  map,
  reducing,
  type StateDescriptor,
  type StateDescriptors,
  type StateHandles,
  type StateOptions,
  type TtlOptions,
  type ValueTypeOf,
  value,
} from './api/state.ts';
export { Step } from './api/step.ts';
export { InputStream, Stream } from './api/stream.ts';
export {
  continuousEventTimeTrigger,
  continuousProcessingTimeTrigger,
  countTrigger,
  customTrigger,
  deltaTrigger,
  endOfStreamTrigger,
  eventTimeTrigger,
  processingTimeTrigger,
  purging,
  type TimeoutOptions,
  type Trigger,
  timeoutTrigger,
} from './api/triggers.ts';
export { KeyedPair, StreamPair, WindowCoGroup, WindowJoin } from './api/window-join.ts';
export type { ClearContext, WindowContext, WindowProcess } from './api/window-process.ts';
export { WindowedStream, type WindowRow } from './api/windowed-stream.ts';
export {
  type AnyWindow,
  type BoundsOf,
  type CustomWindow,
  type CustomWindowOptions,
  cumulating,
  customWindow,
  globalWindow,
  type PairWindow,
  type SessionOptions,
  type SessionWindow,
  type StaggeredWindowOptions,
  session,
  sliding,
  slidingCount,
  tumbling,
  tumblingCount,
  type WindowBounds,
  type WindowKind,
  type WindowOfRecord,
  type WindowOptions,
} from './api/windows.ts';
// Errors
export {
  EngineError,
  ERROR_ADVICE,
  ERROR_CODES,
  type ErrorCode,
  UserFunctionError,
} from './base/errors.ts';
export type { Random } from './base/random.ts';
// Sources and sinks
export type { ConfiguredOptions, MillraceConfig } from './cli/config/config.ts';
export { blackhole } from './connector/blackhole/blackhole.ts';
export { collection } from './connector/collection/collection.ts';
export {
  type ColumnGenerator,
  type ColumnsToFill,
  generate,
  type RowGenerator,
} from './connector/generator/generator.ts';
export { hybrid } from './connector/hybrid/hybrid.ts';
export { type PrintOptions, print } from './connector/print/print.ts';
export { Batch } from './data/batch.ts';
export { BatchBuilder } from './data/batch-builder.ts';
export {
  type Column,
  DynamicColumn,
  FixedColumn,
  StringColumn,
  StringEntries,
} from './data/column.ts';
export type { GeneratedLoop } from './data/generated-loop.ts';
// Schemas
export {
  type DynamicType,
  type Field,
  type FieldKind,
  type FieldType,
  type RowOf,
  record,
  type Schema,
  t,
} from './data/schema.ts';
export type {
  CheckpointNowOptions,
  CheckpointOptions,
  CheckpointType,
  TakenCheckpoint,
  UnalignedOptions,
} from './job/checkpoint-settings.ts';
export type {
  JobClient,
  JobResult,
  JobState,
  JobStatus,
  OpenTelemetryMeters,
  OperatorResult,
  RunOptions,
  StopOptions,
} from './job/job.ts';
export type {
  CheckpointedOperator,
  CheckpointedState,
  CheckpointMetrics,
  CheckpointPart,
  CheckpointRecord,
  CommitMetrics,
  EventLoopDelay,
  ExchangeMetrics,
  FailureMetrics,
  JobMetrics,
  RestoredCheckpoint,
  StateMetrics,
  SubtaskMetrics,
  TaskMetrics,
  ThreadMetrics,
} from './job/job-metrics.ts';
export type { Logger, LogLevel } from './job/log.ts';
export type { RestartStrategy } from './job/restart-strategy.ts';
export type { HistogramValues } from './metrics/histogram.ts';
export type { MeterValues } from './metrics/read-metrics.ts';
export type { Counter, Gauge, Histogram, Meter, Metrics } from './metrics/user-metrics.ts';
export type { RunningJob } from './operator/operator.ts';

export type { ErrorRetry } from './operator/retry.ts';
// Contracts for sources and sinks of your own
export type { Sink, SinkStart, SinkWriter, SinkWriterContext } from './operator/sink.ts';
export type {
  DeadLetter,
  PlainData,
  PollResult,
  Source,
  SourceDiscovery,
  SourceSplit,
  SplitReader,
  SplitReaderContext,
} from './operator/source.ts';
export type { UserAggregate } from './operator/window/aggregate.ts';
export type { CountWindowSpec } from './operator/window/count-window.ts';
export type {
  CustomEvictor,
  EvictorContext,
  EvictorRow,
} from './operator/window/general/custom-evictor.ts';
export type {
  CustomTrigger,
  TriggerAnswer,
  TriggerContext,
  TriggerTimers,
} from './operator/window/general/custom-trigger.ts';
export type { CumulatingSpec, GlobalSpec } from './operator/window/general/window-spec.ts';
export type { WindowSpec } from './operator/window/window.ts';
export type {
  AggregatingState,
  ListState,
  MapState,
  ReadonlyMapState,
  ReducingState,
  ValueState,
} from './state/handles.ts';
export type { Duration, SignedDuration } from './time/duration.ts';
// Time
export {
  type AlignmentOptions,
  boundedOutOfOrderness,
  custom,
  monotonous,
  type WatermarkStrategy,
} from './time/strategies.ts';
export type { CustomWatermarks, WatermarkContext } from './time/watermark.ts';
