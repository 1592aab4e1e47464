/** An explanation for people to read: the graphs as lists, then the source of every generated loop. */
import { oneLine } from '../base/text-width.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type {
  ExplainedExchange,
  ExplainedOperator,
  ExplainedStep,
  ExplainedTask,
  Explanation,
} from './explain.ts';

export function explanationText(explanation: Explanation): string {
  const { job, steps, tasks, exchanges } = explanation;
  const lines = [
    `job ${job}, fingerprint ${explanation.fingerprint}`,
    `${explanation.threads} threads, parallelism ${explanation.parallelism}`,
    '',
    'Steps',
    ...steps.flatMap(stepLines),
    '',
    'Tasks',
    ...tasks.flatMap(taskLines),
    '',
    'Exchanges',
    ...(exchanges.length === 0 ? ['  none'] : exchanges.map(exchangeText)),
  ];
  return [
    ...lines.map(oneLine),
    ...tasks.flatMap((task) =>
      task.operators.flatMap(({ steps: names, loops }) =>
        loops.map((loop) => loopText(`Task ${task.id}, ${names.join(' + ')}`, loop)),
      ),
    ),
    ...exchanges.flatMap(({ fromTask, toTask, loops }) =>
      loops.map((loop) => loopText(`Exchange ${fromTask} → ${toTask}`, loop)),
    ),
  ].join('\n');
}

function inputText(input: ExplainedStep['inputs'][number]): string {
  const { from, partitioning, side, operatorInput } = input;
  const of = side === null ? '' : ` of '${side}'`;
  return `${from} ${partitioning}${of}${toSecond(operatorInput)}`;
}

function toSecond(operatorInput: number): string {
  return operatorInput === 0 ? '' : ' to the second input';
}

function stepLines(step: ExplainedStep): string[] {
  return step.description === null
    ? [stepText(step)]
    : [stepText(step), `     ${step.description}`];
}

function stepText(step: ExplainedStep): string {
  const { id, name, uid, type, maxParallelism, inputs, fields } = step;
  const bound = maxParallelism === null ? '' : `, maxParallelism ${maxParallelism}`;
  const from = inputs.map(inputText).join(', ');
  const rows = fields === null ? 'free-form rows' : `{ ${fields.join(', ')} }`;
  const isEnd = type === 'sink' || type === 'collect';
  return (
    `  ${id}  ${name}${name === type ? '' : ` (${type})`}${uid === name ? '' : `, uid ${uid}`}${bound}` +
    `${from === '' ? '' : `  ← ${from}`}${isEnd ? '' : `  ${rows}`}`
  );
}

/** One line a path of the chain, since an operator may feed several. */
function taskLines({ id, operators, parallelism, workers }: ExplainedTask): string[] {
  const places = [...new Set(workers)].map(workerText).join(', ');
  return pathsOf(operators).map((path, n) =>
    n === 0 ? `  ${id}  ${path}  x${parallelism} on ${places}` : `     ${path}`,
  );
}

function pathsOf(operators: readonly ExplainedOperator[]): string[] {
  const paths: string[] = [];
  operators.forEach((operator, n) => {
    const name = nameOf(operator);
    const before = operators[n - 1];
    if (before === undefined) paths.push(name);
    else if (operator.input === before.id) paths.push(`${paths.pop()} > ${name}`);
    else {
      const from = operators.find(({ id }) => id === operator.input);
      paths.push(`${from === undefined ? '' : nameOf(from)} > ${name}`);
    }
  });
  return paths;
}

function nameOf({ steps }: ExplainedOperator): string {
  return steps.join(' + ');
}

function exchangeText(exchange: ExplainedExchange): string {
  const { fromTask, toTask, partitioning, operatorInput, localChannels, rings } = exchange;
  return `  ${fromTask} → ${toTask}  ${partitioning}${toSecond(operatorInput)}, ${localChannels} local channels, ${rings} rings`;
}

function loopText(place: string, { title, source }: GeneratedLoop): string {
  return `\n// ${oneLine(`${place}: ${title}`)}\n${source}`;
}

function workerText(worker: number | 'caller'): string {
  return worker === 'caller' ? 'the calling thread' : `worker ${worker}`;
}
