/** The difference between two versions of a job for people. */
import type {
  JobDifference,
  Obstacle,
  OperatorChange,
  StateChange,
} from '../graph/compare-jobs.ts';

/** Its operators, then what is in the way. */
export function differenceText(difference: JobDifference): string {
  const { job, isCompatible, operators, obstacles } = difference;
  const isSame = operators.every(({ change }) => change === 'same');
  const verdict = isCompatible
    ? isSame
      ? 'no difference that shows'
      : 'the new version goes on from the state of the old one'
    : 'the new version cannot go on from the state of the old one';
  return [
    `${job}: ${verdict}`,
    ...operators.flatMap(operatorLines),
    ...obstacles.flatMap(obstacleLines),
  ].join('\n');
}

/** An operator that is as it was is told only with what has become of its state. */
function operatorLines({ uid, name, change, parts, states }: OperatorChange): string[] {
  if (change === 'same' && states.every((state) => state.change === 'kept')) return [];
  const named = uid === name ? name : `${name} (uid ${uid})`;
  const what = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
  return [`  ${change.padEnd(8)} ${named}${what}`, ...states.map(stateLine)];
}

function stateLine({ state, change, detail }: StateChange): string {
  const more = change === 'migrated' ? `: ${detail}` : '';
  return `             ${change.padEnd(8)} ${state}${more}`;
}

function obstacleLines({ reason, wayOut }: Obstacle): string[] {
  return ['', reason, `  ${wayOut}`];
}
