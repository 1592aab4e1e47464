/** Windows as their rules have them, record by record, with an entry for each key and window. */

export class SlowWindows {
  readonly #size: number;
  readonly #slide: number;
  readonly #offset: number;
  readonly #open = new Map<
    string,
    { key: string; start: number; n: number; sum: number; least: number }
  >();
  #watermark = -Infinity;
  late = 0;

  constructor(size: number, slide: number, offset: number) {
    this.#size = size;
    this.#slide = slide;
    this.#offset = offset;
  }

  add(key: string, v: number, time: number): void {
    const last = Math.floor((time - this.#offset) / this.#slide) * this.#slide + this.#offset;
    let isIn = false;
    for (let start = last; start > time - this.#size; start -= this.#slide) {
      if (start + this.#size - 1 <= this.#watermark) continue;
      isIn = true;
      const id = `${start} ${key}`;
      const window = this.#open.get(id) ?? { key, start, n: 0, sum: 0, least: Infinity };
      this.#open.set(id, {
        ...window,
        n: window.n + 1,
        sum: window.sum + v,
        least: Math.min(window.least, v),
      });
    }
    if (!isIn && time <= this.#watermark) this.late++;
  }

  advance(watermark: number): string[] {
    if (watermark <= this.#watermark) return [];
    this.#watermark = watermark;
    const due = [...this.#open].filter(([, w]) => w.start + this.#size - 1 <= watermark);
    for (const [id] of due) this.#open.delete(id);
    return due
      .sort(([, a], [, b]) => a.start - b.start)
      .map(([, w]) => JSON.stringify([w.key, w.start, w.start + this.#size, w.n, w.sum, w.least]));
  }
}
