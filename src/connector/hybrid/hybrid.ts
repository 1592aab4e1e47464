/**
 * Several sources as one, read one after the other: what has been stored, then what comes. Each is a stage (operator/source.ts):
 * the next begins when all subtasks together have read the one before to its end. A split belongs to its stage, so which one is
 * current, and where, follows from the splits that a checkpoint has.
 */
import { wrong } from '../../base/options.ts';
import { sameSchema } from '../../data/schema.ts';
import type {
  PlainData,
  Source,
  SourceAssignment,
  SourceSplit,
  SplitPlace,
} from '../../operator/source.ts';

/**
 * Reads sources of the same rows one after the other, each to its end, the last of which may have none:
 * `flow.from(hybrid(files('history/*.parquet', parquet(Bid)), generate({ schema: Bid, row: makeBid })))`.
 *
 * The splits of all of them are found when the job starts: files that come later are not read, unless the last looks for more
 * (`discover`, `watch`). Watermarks go on from one to the
 * next, so records of the next that are older than the end of the one before are late, beyond what the strategy allows. Where one
 * hands over dead letters, the malformed records of all are dead letters. EngineError JOB_DEFINITION when sources have different
 * schemas, or one without an end is not the last.
 */
export function hybrid<Row>(
  bounded: Source<Row>,
  next: Source<NoInfer<Row>>,
  ...more: readonly Source<NoInfer<Row>>[]
): Source<Row> {
  const sources: readonly Source<Row>[] = [bounded, next, ...more];
  for (const [n, source] of sources.entries()) checkPart(source, n, sources);
  const of = ({ stage }: SourceSplit): Source<Row> => sources[stage!]!;
  return {
    name: 'hybrid',
    kind: `hybrid of ${sources.map(({ name, kind = name }) => kind).join(', ')}`,
    descriptor: sources.map(({ name, descriptor }) => ({ name, descriptor })),
    schema: bounded.schema,
    isBounded: sources.at(-1)!.isBounded,
    hasDeadLetters: sources.some(({ hasDeadLetters }) => hasDeadLetters === true),
    assignment: sources.map(({ assignment }) => assignment as SourceAssignment),
    async discoverSplits(parallelism) {
      const found = await Promise.all(sources.map((source) => source.discoverSplits(parallelism)));
      return found.flatMap(splitsOfStage);
    },
    ...discoveryOf(sources),
    ...committingOf(sources),
    createReader: (split, position, context) =>
      of(split).createReader(split.detail as SourceSplit, position, context),
    readLoops: () => sources.flatMap((source) => source.readLoops?.() ?? []),
  };
}

/** Of the last: those before it have an end. */
function discoveryOf(sources: readonly Source[]): Pick<Source, 'discovery'> {
  const stage = sources.length - 1;
  const { discovery } = sources[stage]!;
  if (discovery === undefined) return {};
  const { everyMs } = discovery;
  const findSplits = async (parallelism: number): Promise<SourceSplit[]> =>
    splitsOfStage(await discovery.findSplits(parallelism), stage);
  return { discovery: { everyMs, findSplits } };
}

function committingOf(sources: readonly Source[]): Pick<Source, 'commitPlaces'> {
  if (sources.every(({ commitPlaces }) => commitPlaces === undefined)) return {};
  const commitPlaces = async (places: readonly SplitPlace[]): Promise<void> => {
    for (const [stage, source] of sources.entries()) {
      const prefix = `${stage}:`;
      const own = places.filter(({ split }) => split.startsWith(prefix));
      if (own.length === 0) continue;
      await source.commitPlaces?.(
        own.map(({ split, position }) => ({ split: split.slice(prefix.length), position })),
      );
    }
  };
  return { commitPlaces };
}

/** Weights are shares of their stage, since sources measure in units of their own. */
function splitsOfStage(splits: readonly SourceSplit[], stage: number): SourceSplit[] {
  const total = splits.reduce((sum, { weight }) => sum + weight, 0);
  return splits.map((split) => ({
    id: `${stage}:${split.id}`,
    weight: total === 0 ? 0 : split.weight / total,
    detail: split satisfies PlainData,
    stage,
  }));
}

function checkPart(source: Source, n: number, sources: readonly Source[]): void {
  const what = `hybrid: source ${n + 1}`;
  if (typeof (source as Source | undefined)?.discoverSplits !== 'function') {
    throw wrong(what, 'is a source, such as files(...) or generate(...)', source);
  }
  if (typeof source.assignment !== 'string' || source.isCallers === true) {
    throw wrong(what, 'is read by the subtasks themselves, and is no hybrid', source);
  }
  if (!source.isBounded && n < sources.length - 1) {
    throw wrong(what, 'has an end, as all but the last have', source);
  }
  if (!sameSchema(source.schema, sources[0]!.schema)) {
    throw wrong(what, 'has the schema of the first one', source.schema?.fields ?? null);
  }
}
