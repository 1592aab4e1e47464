/** The steps of a fused run: what each does to schemas, which fields it reads, and its source. */
import type { LateReads } from '../data/batch-loops.ts';
import { allRead, type FieldsRead, fieldsRead } from '../data/fields-read.ts';
import { objectLiteral } from '../data/materialize.ts';
import { fieldIndex, type Schema, schemaOf } from '../data/schema.ts';
import type { StatelessSpec } from './operator-spec.ts';

/** One step of the run; `code` is the user's function, null for a projection. */
export type FusedStep = {
  readonly name: string;
  readonly trace?: Error | undefined;
  readonly spec: StatelessSpec;
  readonly code: ((...args: never[]) => unknown) | null;
};

/** The schema behind a step: steps that call a function for a new row make rows free-form. */
export function schemaAfter(step: StatelessSpec, schema: Schema | null): Schema | null {
  switch (step.type) {
    case 'filter':
      return schema;
    case 'project':
      if (schema === null) return null;
      return schemaOf(
        step.fields.map((name) => schema.fields[fieldIndex(schema, name, 'project')]!),
      );
    case 'map':
    case 'flatMap':
      return null;
  }
}

/** The fields that steps read of the rows that come in: up to the first that makes rows of its own. */
export function fieldsReadBy(steps: readonly FusedStep[], schema: Schema | null): FieldsRead {
  // Of free-form rows, steps without functions read too, and give on what they do not know.
  let reads: FieldsRead = schema === null ? null : new Set();
  for (const { spec, code } of steps) {
    if (spec.type === 'project') continue;
    reads = allRead(reads, fieldsRead(code, schema));
    if (spec.type !== 'filter') break;
  }
  return reads;
}

/** Texts that are read behind filters that read none, which of them last, and the row behind it. */
export type LateTexts = LateReads & { readonly step: number };

/** Null where there are none: few rows may get so far, and the texts of the others need not be decoded. */
export function lateTexts(
  steps: readonly FusedStep[],
  schema: Schema | null,
  reads: FieldsRead,
): LateTexts | null {
  if (schema === null) return null;
  const isText = new Set(
    schema.fields.flatMap(({ name, kind }) => (kind === 'string' ? name : [])),
  );
  let after = schema;
  let found: Pick<LateTexts, 'step' | 'row'> | null = null;
  for (const [step, { spec, code }] of steps.entries()) {
    if (spec.type === 'project') after = schemaAfter(spec, after)!;
    else if (spec.type !== 'filter') break;
    else {
      const read = fieldsRead(code, schema);
      if (read === null || [...read].some((name) => isText.has(name))) break;
      found = { step, row: new Set(after.fields.map(({ name }) => name)) };
    }
  }
  if (found === null) return null;
  const texts = new Set(
    [...isText].filter((name) => found.row.has(name) && (reads?.has(name) ?? true)),
  );
  return texts.size === 0 ? null : { ...found, texts };
}

/** Source of all steps, which turns r0, a row of the schema, into the row that comes out; see stepSource. */
export function stepsSource(
  steps: readonly FusedStep[],
  schema: Schema | null,
  looks: boolean,
  late: LateTexts | null,
  lateRow: string | null,
): string {
  let before = schema;
  return steps
    .map((step, s) => {
      before = schemaAfter(step.spec, before);
      if (step.spec.type === 'project' && isUnseen(steps.slice(s + 1), before)) return sameRow(s);
      return stepSource(step, s, looks, s === late?.step ? lateRow : null);
    })
    .join('');
}

/**
 * Whether nobody sees what a projection to the schema leaves out: of the row behind it, the steps only read fields that it has. It
 * need not be another object then. Without a step behind it that makes rows, columns stay columns.
 */
function isUnseen(behind: readonly FusedStep[], schema: Schema | null): boolean {
  if (schema === null) return false;
  const last = behind.findIndex(({ spec }) => spec.type === 'map' || spec.type === 'flatMap');
  const seeing = last < 0 ? behind : behind.slice(0, last + 1);
  return seeing.every(
    ({ spec, code }) => spec.type === 'project' || fieldsRead(code, schema) !== null,
  );
}

function sameRow(s: number): string {
  return `const r${s + 1} = r${s};\n`;
}

/**
 * Source of a step that turns r<s> into r<s + 1>, or leaves the block `row`. A loop that `looks` for promises refuses them: to
 * a filter they would be true. It costs a comparison a record, so that loops look until a row has passed all steps, and no longer. Behind a filter
 * the row may be another literal, which has texts too.
 */
function stepSource(step: FusedStep, s: number, looks: boolean, lateRow: string | null): string {
  const call = looks ? `answeredNow(f${s}(r${s}))` : `f${s}(r${s})`;
  switch (step.spec.type) {
    case 'map':
      return `step = ${s}; const r${s + 1} = ${call};\n`;
    case 'filter':
      return `step = ${s}; if (!${call}) break row;\nconst r${s + 1} = ${lateRow ?? `r${s}`};\n`;
    case 'project': {
      const fields = step.spec.fields.map((name) => ({
        name,
        expression: `r${s}[${JSON.stringify(name)}]`,
      }));
      return `const r${s + 1} = ${objectLiteral(fields)};\n`;
    }
    case 'flatMap':
      return '';
  }
}

/** Characters of the functions of a short loop: of one that only lets rows pass, and of one that makes rows. */
const SHORT_MAX = { passing: 480, making: 240 };

/** Whether the loop over these steps is short, unless a function calls others. */
export function areShort(steps: readonly FusedStep[], loop: keyof typeof SHORT_MAX): boolean {
  return steps.reduce((sum, { code }) => sum + String(code ?? '').length, 0) <= SHORT_MAX[loop];
}
