/**
 * Measures figures one after the other. After each, what there is so far is written: machine, revision and every run as
 * JSON, and beside it the table as Markdown and a plot as SVG. A figure that fails is told, and the others still run.
 */
import { writeFile } from 'node:fs/promises';
import type { Figure } from './figure.ts';
import { type HarnessSettings, measureFigure, type Outcome } from './harness.ts';
import { plot } from './plot.ts';
import { describeResults, resultsPath, startResults, writeResults } from './results.ts';

export type Suite = {
  /** Ends the names of its files; null for plain figures. */
  readonly name: string | null;
  readonly figures: readonly Figure[];
  readonly settings: HarnessSettings;
  /** Where the files are written. */
  readonly folder: string;
  /** What the JSON holds besides, such as settings and the lines of the table. */
  details?(outcomes: readonly Outcome[]): object;
  table(outcomes: readonly Outcome[]): string;
  /** What is told when a figure begins, and when it is done. */
  title?(figure: Figure): string;
  done?(outcome: Outcome): string;
};

/** Gives the table; empty when every figure has failed. */
export async function measureSuite(suite: Suite): Promise<string> {
  const { settings, details = () => ({}), title = ({ id, what }) => `${id}: ${what}` } = suite;
  const started = startResults(settings);
  const path = resultsPath(suite.folder, started, suite.name);
  const machine = describeResults(started);
  console.log(`${machine}\nresults are written to ${path}`);
  const outcomes: Outcome[] = [];
  for (const figure of suite.figures) {
    console.log(`\n${title(figure)}`);
    try {
      outcomes.push(await measureFigure(figure, settings, (line) => console.log(`  ${line}`)));
      await writeResults(path, { ...started, ...details(outcomes), figures: outcomes });
      const table = `${machine}\n\n${suite.table(outcomes)}\n`;
      await writeFile(path.replace(/json$/, 'md'), table);
      await writeFile(path.replace(/json$/, 'svg'), plot(outcomes));
      if (suite.done !== undefined) console.log(suite.done(outcomes.at(-1)!));
    } catch (error) {
      fail(error as Error);
    }
  }
  return outcomes.length === 0 ? '' : suite.table(outcomes);
}

/** The process goes on, and ends as failed. */
export function fail(error: Error): void {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
