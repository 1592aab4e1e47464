/** millrace/sharedarraybuffer-queue: usable without the rest of millrace. */
export type {
  QueueConsumer,
  QueueDescriptor,
  QueueOptions,
  QueueProducer,
  SignalDescriptor,
} from './queue.ts';
export { Signal } from './signal.ts';
export { SpscQueue } from './spsc-queue.ts';
