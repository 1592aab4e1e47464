/** Families of samples with labels, for those who gather metrics. */

export type Labels = Readonly<Record<string, string | number>>;

/** `suffix`: behind the name of the family, of parts of a summary. */
export type Sample = readonly [labels: Labels, value: number | null, suffix?: '_sum' | '_count'];

export type Family = {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  readonly help: string;
  readonly samples: readonly Sample[];
};

/** Families as they are put together. */
export class Families {
  readonly all: Family[] = [];

  /** Samples without a value are left out. */
  add(name: string, type: Family['type'], help: string, samples: readonly Sample[]): void {
    this.all.push({ name, type, help, samples: samples.filter(([, value]) => value !== null) });
  }
}

export function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
