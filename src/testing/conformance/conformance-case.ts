/**
 * A conformance suite is a list of cases, each a rule of the contract (operator/source.ts, operator/sink.ts), which any test
 * runner can run:
 *
 *   for (const { name, run } of sourceConformance(options)) test(name, run);
 */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../base/errors.ts';
import { nextTurn } from '../../base/event-loop.ts';
import { aFunction, checkOptions, type OptionRule, wrong } from '../../base/options.ts';
import type { PlainData } from '../../operator/source.ts';
import { shownRows, textOf, without } from '../rows.ts';

export type ConformanceCase = {
  /** The rule. */
  readonly name: string;
  /** Rejects when the connector breaks it, and says how. */
  readonly run: () => Promise<void>;
};

export function check(isTrue: boolean, message: string): void {
  if (!isTrue) throw new Error(message);
}

/** Fails when rows are missing, or too many, whatever their order. */
export function checkRows(
  got: readonly unknown[],
  expected: readonly unknown[],
  what: string,
): void {
  const gotTexts = got.map(textOf);
  const texts = expected.map(textOf);
  const missing = without(texts, gotTexts);
  const extra = without(gotTexts, texts);
  check(
    missing.length === 0 && extra.length === 0,
    `${what}: missing ${shownRows(missing)}; too many ${shownRows(extra)}`,
  );
}

/** What a checkpoint keeps of plain data: fails when that is not the same. */
export function throughCheckpoint<T>(data: T, what: string): T {
  const text = JSON.stringify(data) as string | undefined;
  const kept = text === undefined ? undefined : (JSON.parse(text) as PlainData);
  check(
    isDeepStrictEqual(kept, data),
    `${what} is no plain data: ${textOf(data)} comes back as ${textOf(kept)}`,
  );
  return kept as T;
}

/** A connector that fails, made by a function of this name, and what its error says. */
export function aFailing(make: 'source' | 'sink'): OptionRule {
  const message: OptionRule = (what, value) => {
    if (!(value instanceof RegExp)) throw wrong(what, 'is a regular expression', value);
  };
  return (what, value) => {
    const given = value as Readonly<Record<string, unknown>>;
    checkOptions<object>(what, given, { [make]: aFunction, message });
    aFunction(`${what}: ${make}`, given[make]);
    message(`${what}: message`, given.message);
  };
}

const TURNS = 5;

/** Runs a case, and fails when a promise is rejected that nobody waits for. */
export function caseOf(name: string, run: () => Promise<void>): ConformanceCase {
  return {
    name,
    async run() {
      const unhandled: unknown[] = [];
      const listen = (error: unknown): void => void unhandled.push(error);
      process.on('unhandledRejection', listen);
      try {
        await run();
        for (let turn = 0; turn < TURNS; turn++) await nextTurn();
      } finally {
        process.off('unhandledRejection', listen);
      }
      check(
        unhandled.length === 0,
        `a promise was rejected, and nobody waited for it: ${messageOf(unhandled[0])}`,
      );
    },
  };
}

/** The case of a connector that fails: its error comes out, with what it says. */
export function errorCase(
  name: string,
  message: RegExp,
  fail: () => Promise<void>,
): ConformanceCase {
  return caseOf(name, async () => {
    const error = await fail().then(
      () => null,
      (thrown: unknown) => thrown,
    );
    check(error !== null, 'it came to its end without an error');
    check(message.test(messageOf(error)), `the error does not say ${message}: ${messageOf(error)}`);
  });
}
