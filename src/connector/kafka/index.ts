/** millrace/kafka: topics of Apache Kafka as sources and sinks. */
import { openDoor } from '../../base/doors.ts';

openDoor(import.meta.url);

export type { KafkaConnection, SaslOptions } from './connection-options.ts';
export { type KafkaSinkOptions, kafkaSink } from './sink/kafka-sink.ts';
export type { KafkaBytes } from './sink/kafka-writer.ts';
export type { Compression } from './sink/record-producer.ts';
export { type KafkaSourceOptions, kafkaSource } from './source/kafka-source.ts';
export type { KafkaMetadata, MetadataFields } from './source/metadata.ts';
export type { KafkaPlace, PartitionOffsets } from './source/splits.ts';
