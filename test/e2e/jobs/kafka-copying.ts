/** Copies a topic to another, each record once. */
import { job, record, t } from 'millrace';
import { jsonLines } from 'millrace/connectors/files';
import { kafkaSink, kafkaSource } from 'millrace/kafka';

const Row = record({ n: t.int32, name: t.string });

export default job(import.meta, 'kafka-copying', (flow) => {
  const brokers = [flow.param('broker', '127.0.0.1:9092')];
  flow
    .from(
      kafkaSource({
        brokers,
        topics: ['copied-from'],
        stop: 'latest',
        format: jsonLines(Row),
        groupId: 'copying',
        partitionBytes: 2000,
      }),
      { rate: flow.param('rate', 100_000) },
    )
    .keyBy('name')
    .sum('n')
    .to(
      kafkaSink({
        brokers,
        topic: 'copied-to',
        key: (row) => row.name,
        delivery: 'exactlyOnce',
        transactionalIdPrefix: 'copying',
        transactionTimeout: '1 min',
      }),
    );
});
