/**
 * The automaton of a pattern, as plain data. A partial match stands in a state; on each record
 *
 *   1  when a condition of `stops` holds, it is over, with all that could have come of it
 *   2  else each wait is tried, and the partial match goes on by every way there is:
 *        take    the condition holds, and none of `refuses`: on with the record, into `taken`
 *        ignore  the record is left out: on into `ignored`, where 'relaxed' only what does not meet the condition is left out
 *
 * A wait does nothing at all while one of its `until` or `blocks` holds, or one of its `needs` does not. A state that is `complete` is a match as soon as it
 * is reached by a record; one that is `completeAtEnd` is a match when its time is over.
 */
import type { Contiguity } from './pattern-spec.ts';

export type Wait = {
  /** Number of the step whose record it waits for; -1 when it waits for none and only lets records pass. */
  readonly step: number;
  readonly condition: number;
  readonly contiguity: Contiguity;
  /** Conditions that end the wait: `until` of the step, and of the groups around it. */
  readonly until: readonly number[];
  /** Conditions of records that it does not take: `until` of a step that has not begun. */
  readonly refuses: readonly number[];
  /** Conditions that end greedy steps before: a wait for what is theirs no more. */
  readonly needs: readonly number[];
  /** Conditions of greedy steps before, whose records are theirs. */
  readonly blocks: readonly number[];
  readonly taken: number;
  /** DONE where the record that is left out completes the match. */
  readonly ignored: number;
};

export type NfaState = {
  readonly waits: readonly Wait[];
  readonly stops: readonly number[];
  readonly isComplete: boolean;
  readonly isCompleteAtEnd: boolean;
  /** Time to the next record after the last one; Infinity for any. */
  readonly gapMs: number;
};

export type Nfa = {
  /** Names of the steps, by number. */
  readonly steps: readonly string[];
  /** The first is the one in which every match begins. */
  readonly states: readonly NfaState[];
  /** Time from the first record; Infinity for any. */
  readonly withinMs: number;
};

/** In the place of a state: the match is complete. */
export const DONE = -1;

/** In the place of a step: none. */
export const NO_STEP = -1;
