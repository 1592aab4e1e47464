/**
 * The least of many numbers that change, each by its place: a tournament tree (Knuth, The Art of Computer Programming, 5.4.1), in
 * which a change goes up only as far as it alters who wins. A place without a number has Infinity.
 */
const PLACES_MIN = 4;

export class Least {
  /** Node n is the least of 2n and 2n + 1; the places are the last half. */
  #tree = new Float64Array(PLACES_MIN * 2).fill(Infinity);

  /** Of all places. */
  get value(): number {
    return this.#tree[1]!;
  }

  /** The first place that has the least. */
  get place(): number {
    const tree = this.#tree;
    const places = tree.length / 2;
    let node = 1;
    while (node < places) node = tree[node * 2] === tree[1] ? node * 2 : node * 2 + 1;
    return node - places;
  }

  set(place: number, value: number): void {
    if (place >= this.#tree.length / 2) this.#grow(place + 1);
    const tree = this.#tree;
    let node = tree.length / 2 + place;
    tree[node] = value;
    while (node > 1) {
      const other = tree[node ^ 1]!;
      const least = Math.min(tree[node]!, other);
      node >>= 1;
      if (tree[node] === least) return;
      tree[node] = least;
    }
  }

  #grow(count: number): void {
    const before = this.#tree;
    let places = before.length / 2;
    const values = before.subarray(places);
    while (places < count) places *= 2;
    this.#tree = new Float64Array(places * 2).fill(Infinity);
    this.#tree.set(values, places);
    for (let node = places - 1; node > 0; node--) {
      this.#tree[node] = Math.min(this.#tree[node * 2]!, this.#tree[node * 2 + 1]!);
    }
  }
}
