/** Frames that tell whether they are whole: their number as the tag, and bytes that follow from it. */
import type { QueueDescriptor, SpscQueue } from '../../src/sharedarraybuffer-queue/index.ts';

export type StressPlan = {
  readonly queue: QueueDescriptor;
  readonly frames: number;
  readonly isBlocking: boolean;
  readonly seed: number;
};

/** Writes a frame of `size` bytes; -1 when there is no room. */
export function fillFrame(queue: SpscQueue, frame: number, size: number): number {
  const offset = queue.reserve(size);
  if (offset < 0) return -1;
  const bytes = new Uint8Array(queue.buffer, offset, size);
  for (let i = 0; i < size; i++) bytes[i] = (frame * 31 + i) & 0xff;
  queue.commit(size, frame);
  return size;
}

/** Whether the next frame is this one, whole. */
export function isFrame(queue: SpscQueue, frame: number): boolean {
  const offset = queue.peek();
  if (offset < 0 || queue.frameTag !== frame) return false;
  const bytes = new Uint8Array(queue.buffer, offset, queue.frameBytes);
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== ((frame * 31 + i) & 0xff)) return false;
  return true;
}
