/** millrace/cep: patterns of records, and their matches in a stream. */
import { openDoor } from '../../base/doors.ts';

openDoor(import.meta.url);

export {
  type MatchContext,
  type MatchOf,
  type MatchOptions,
  type MatchProcess,
  MatchStream,
  type Skip,
  type TimedOutOf,
} from './match.ts';
export { Pattern, type PatternLike, PatternStart, pattern } from './pattern.ts';
export type {
  ConditionContext,
  Counted,
  ManyOf,
  MaybeOf,
  Partially,
  Range,
  Requantified,
} from './pattern-types.ts';
