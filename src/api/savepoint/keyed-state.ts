/** A keyed state of a job as programs name it that read and write it from outside. */
import { EngineError } from '../../base/errors.ts';
import { someText } from '../../base/options.ts';
import type { StateManifest } from '../../checkpoint/checkpoint.ts';
import type { DeclaredState } from '../../checkpoint/rewrite/declared-states.ts';
import { TOUCHED } from '../../checkpoint/rewrite/keyed-shape.ts';
import { typeText } from '../../data/field-check.ts';
import { aSchema, type Field, type Schema } from '../../data/schema.ts';
import { stateTable } from '../../operator/process/state-tables.ts';
import { KeyScope } from '../../state/key-scope.ts';
import { type StateDescriptor, stateSpecs } from '../state.ts';

export type NamedState<Key, Content> = {
  readonly uid: string;
  readonly name: string;
  readonly key: Schema<Key>;
  readonly state: StateDescriptor<unknown, Content>;
};

/** What a state has of a key. */
export type StateEntry<Key, Content> = { readonly key: Key; readonly value: Content };

/**
 * Names a state of a process function: the `uid` of its step, what the function calls it, the fields of its key, and how it is
 * declared, best by the very declaration that the job has.
 *
 *   const totals = keyedState({ uid: 'totals', name: 'total', key: record({ user: t.string }), state: value(t.float64) });
 */
export function keyedState<Key, Content>(
  named: NamedState<Key, Content>,
): NamedState<Key, Content> {
  someText('keyedState: uid', named.uid);
  someText('keyedState: name', named.name);
  aSchema('keyedState: key', named.key);
  stateSpecs({ [named.name]: named.state });
  return named;
}

/** Fields of its rows behind those of the key. */
export function stateFields({ name, state }: NamedState<unknown, unknown>): readonly Field[] {
  const [spec] = stateSpecs({ [name]: state });
  return stateTable(spec!, state, new KeyScope()).fields;
}

/** As a snapshot has it. */
export function declared(named: NamedState<unknown, unknown>): DeclaredState {
  const { uid, name, key } = named;
  const fields = [...key.fields, ...stateFields(named)];
  const state = { name: `state/${name}`, kind: 'keyed', fields } as const;
  return { uid, operator: uid, keyGroups: (ofJob) => ofJob, state };
}

/** Refuses a state of a snapshot that is another one than the program names. EngineError STATE_INCOMPATIBLE. */
export function checkNamed(
  named: NamedState<unknown, unknown>,
  { fields }: Pick<StateManifest, 'fields'>,
): void {
  const found = fields.filter(({ name }) => name !== TOUCHED);
  const names = named.key.fields.map(({ name }) => name);
  const own = stateFields(named).filter(({ name }) => name !== TOUCHED);
  const isKey = ({ name }: Field) => !name.startsWith('#');
  const was = found.filter(isKey).map(({ name }) => name);
  const kept = found.filter((field) => !isKey(field));
  const text = (all: readonly Field[]) =>
    all.map((field) => `${field.name}: ${typeText(field)}`).join(', ');
  const isSame = text(kept) === text(own) && was.join() === names.join();
  if (isSame) return;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `state '${named.name}' of '${named.uid}': the snapshot has ${text(found)}; the program names key ${names.join(', ')} and ` +
      `${text(own)}: declare the state as the job did that has written it`,
  );
}
