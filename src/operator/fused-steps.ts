/** The steps of a fused run: what each does to schemas, which fields it reads, and its source. */
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

/**
 * Source of a step that turns r<s> into r<s + 1>. A loop that `looks` for promises refuses them: to a filter they would be
 * true. It costs a comparison a record, so that loops look until a row has passed all steps, and no longer.
 */
export function stepSource(step: FusedStep, s: number, looks: boolean): string {
  const call = looks ? `answeredNow(f${s}(r${s}))` : `f${s}(r${s})`;
  switch (step.spec.type) {
    case 'map':
      return `state.step = ${s}; const r${s + 1} = ${call};\n`;
    case 'filter':
      return `state.step = ${s}; if (!${call}) continue;\nconst r${s + 1} = r${s};\n`;
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
