/**
 * A list of a subtask, whatever the keys: operator state. In a snapshot an element is a row; after a restore with another
 * number of subtasks its elements may be those of others.
 */
import type { Schema } from '../data/schema.ts';
import type { ListState } from './handles.ts';
import { incompatible } from './incompatible.ts';
import type { StateRows } from './slot-rows.ts';
import type { LoadRow } from './state-table.ts';
import { type TypeSpec, ValueType } from './value-type.ts';

const ELEMENT = '#element';

export class ElementList implements ListState<unknown> {
  readonly name: string;
  readonly #type: ValueType;
  #elements: unknown[] = [];

  constructor(name: string, type: TypeSpec) {
    this.name = name;
    this.#type = new ValueType(type, ELEMENT, name);
  }

  /** Of its rows in a snapshot. */
  get fields(): ValueType['fields'] {
    return this.#type.fields;
  }

  get(): unknown[] {
    return this.#elements.slice();
  }

  add(element: unknown): void {
    this.#elements.push(this.#type.keep(element));
  }

  addAll(elements: Iterable<unknown>): void {
    for (const element of this.#checked(elements)) this.#elements.push(element);
  }

  set(elements: Iterable<unknown>): void {
    this.#elements = this.#checked(elements);
  }

  clear(): void {
    this.#elements = [];
  }

  /** An element of another type leaves the list as it was. */
  #checked(elements: Iterable<unknown>): unknown[] {
    return Array.from(elements, (element) => this.#type.keep(element));
  }

  /** Appends the elements as rows. */
  append(rows: StateRows): void {
    const { builder, firstColumn } = rows;
    for (const element of this.#elements) {
      this.#type.put(builder, firstColumn, rows.begin(0), element);
      rows.end();
    }
  }

  /** Loads rows of a snapshot behind those that are there; STATE_INCOMPATIBLE when they do not fit. */
  loader(found: Schema): LoadRow {
    if (!found.fields.every(({ name }) => name.startsWith(ELEMENT))) {
      throw incompatible(this.name, null, 'state of another kind', 'a list');
    }
    const read = this.#type.reader(found, undefined);
    return (batch, row) => {
      this.#elements.push(read(batch, row));
    };
  }
}
