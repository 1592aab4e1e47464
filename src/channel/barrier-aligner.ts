/**
 * What a barrier means at a gate of several channels: a pure decision; the gate acts on it.
 *
 *   onBarrier | onEnd → 'block' | 'restart' | 'complete' | 'ignore'
 *
 * The checkpoint is complete at the gate when every channel has brought its barrier; a channel that has ended counts as
 * one that has. Until then channels whose barrier has come are blocked, so that nothing behind the cut is processed
 * before it. A barrier of a newer checkpoint gives up the one before.
 */
export type AlignmentStep =
  /** This channel waits for the others. */
  | 'block'
  /** An older checkpoint is given up: the others go on, and this channel waits for them. */
  | 'restart'
  /** The cut is through: all go on. */
  | 'complete'
  /** It belongs to a checkpoint that was given up, or changes nothing. */
  | 'ignore';

const NONE = -1;

export class BarrierAligner {
  readonly #channelCount: number;
  readonly #arrived = new Set<number>();
  readonly #ended = new Set<number>();
  #checkpoint = NONE;
  #isAligning = false;

  constructor(channelCount: number) {
    this.#channelCount = channelCount;
  }

  /** The checkpoint that is being aligned, or was last. */
  get checkpoint(): number {
    return this.#checkpoint;
  }

  /** Whether a channel waits for the barriers of others. */
  get isAligning(): boolean {
    return this.#isAligning;
  }

  isBlocked(channel: number): boolean {
    return this.#isAligning && this.#arrived.has(channel);
  }

  onBarrier(channel: number, checkpoint: number): AlignmentStep {
    if (checkpoint < this.#checkpoint) return 'ignore';
    if (checkpoint === this.#checkpoint && !this.#isAligning) return 'ignore';
    const superseded = this.#isAligning && checkpoint > this.#checkpoint;
    if (checkpoint > this.#checkpoint) this.#arrived.clear();
    this.#checkpoint = checkpoint;
    this.#isAligning = true;
    this.#arrived.add(channel);
    if (this.#isThrough()) return this.#complete();
    return superseded ? 'restart' : 'block';
  }

  /** A checkpoint that needs no alignment takes the place of older ones. */
  skipTo(checkpoint: number): void {
    this.#checkpoint = checkpoint;
    this.#complete();
  }

  onEnd(channel: number): AlignmentStep {
    this.#ended.add(channel);
    this.#arrived.delete(channel);
    return this.#isAligning && this.#isThrough() ? this.#complete() : 'ignore';
  }

  #isThrough(): boolean {
    return this.#arrived.size + this.#ended.size === this.#channelCount;
  }

  #complete(): AlignmentStep {
    this.#arrived.clear();
    this.#isAligning = false;
    return 'complete';
  }
}
