/** Makes blocks of encoded batches. */
import { type BlockCodec, DEFAULT_CODEC } from './block-codec.ts';
import { packBlock } from './state-file.ts';

export interface BlockPacker {
  /** The bytes of a block; the content belongs to the packer from now on. */
  pack(content: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

export class CompressPool implements BlockPacker {
  readonly #codec: BlockCodec;

  constructor(codec: BlockCodec = DEFAULT_CODEC) {
    this.#codec = codec;
  }

  async pack(content: Uint8Array): Promise<Uint8Array> {
    return packBlock(content, this.#codec);
  }

  async close(): Promise<void> {}
}
