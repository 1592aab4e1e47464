/**
 * A broker of Apache Kafka for tests: one process, in KRaft mode, on this machine. Its jars come from Maven Central once and stay
 * in native-bench/.build; where there is no JDK, no Maven or no network, the reason to skip is told.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin, Producer } from '@platformatic/kafka';
import { authority } from '../net/certificates.ts';
import { freePorts } from '../net/peers.ts';

const HERE = new URL('./', import.meta.url).pathname;
const JARS = new URL('../../../native-bench/.build/kafka-4.0.0', import.meta.url).pathname;
const FETCH_MS = 240_000;
/** The alarm for one that hangs: a JVM takes long on a machine that is busy. */
const START_MS = 300_000;
/** A broker for a minute need not become fast. */
const QUICK = ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

export const USER = { username: 'me', password: 'sesame' } as const;
const LOGIN = 'org.apache.kafka.common.security';

export type TestBroker = {
  readonly brokers: readonly string[];
  /** Where it asks for a password (USER), and where it speaks TLS, with a certificate of `ca`. */
  readonly withSasl: readonly string[];
  readonly withTls: readonly string[];
  readonly ca: string;
  readonly admin: Admin;
  /** Sends texts under their keys, or to a partition. */
  send(topic: string, messages: readonly TestMessage[]): Promise<void>;
  /** Kills it, and starts it again behind so long; resolves when it answers. */
  restart(awayMs: number): Promise<void>;
  stop(): Promise<void>;
};

export type TestMessage = {
  readonly key?: string;
  readonly value: string | null;
  readonly partition?: number;
  readonly timestamp?: bigint;
  readonly headers?: Readonly<Record<string, string>>;
};

/** The jars; or why there are none. */
function jars(): { readonly classpath: string } | { readonly reason: string } {
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    if (!existsSync(JARS)) {
      const target = `${JARS}.${process.pid}`;
      execFileSync(
        'mvn',
        [
          '-q',
          '-B',
          '-f',
          `${HERE}pom.xml`,
          'dependency:copy-dependencies',
          `-DoutputDirectory=${target}`,
        ],
        { stdio: 'ignore', timeout: FETCH_MS },
      );
      mkdirSync(JARS.slice(0, JARS.lastIndexOf('/')), { recursive: true });
      renameSync(target, JARS);
    }
    return { classpath: `${JARS}/*` };
  } catch (error) {
    return {
      reason: `a broker needs a JDK, and Maven with network at first: ${String(error).split('\n')[0]}`,
    };
  }
}

/** As a value of a properties file. */
function inOneLine(pem: string): string {
  return pem.trim().replaceAll('\n', '\\n');
}

/** Started below a folder; or why it cannot be. */
export async function startBroker(
  folder: string,
): Promise<TestBroker | { readonly reason: string }> {
  const found = jars();
  if ('reason' in found) return found;
  const [port, sasl, tls, controller] = await freePorts(4);
  const { ca, issue } = authority('test authority');
  const own = issue();
  const config = `${folder}/server.properties`;
  const at = (protocol: string, number: number) => `${protocol}://127.0.0.1:${number}`;
  const listeners = [at('PLAINTEXT', port), at('SASL_PLAINTEXT', sasl), at('SSL', tls)].join(',');
  writeFileSync(
    config,
    [
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.voters=1@127.0.0.1:${controller}`,
      `listeners=${listeners},CONTROLLER://127.0.0.1:${controller}`,
      `advertised.listeners=${listeners}`,
      'listener.name.sasl_plaintext.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512',
      `listener.name.sasl_plaintext.plain.sasl.jaas.config=${LOGIN}.plain.PlainLoginModule required user_${USER.username}="${USER.password}";`,
      `listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=${LOGIN}.scram.ScramLoginModule required;`,
      'listener.name.ssl.ssl.keystore.type=PEM',
      `listener.name.ssl.ssl.keystore.key=${inOneLine(own.key)}`,
      `listener.name.ssl.ssl.keystore.certificate.chain=${inOneLine(own.cert)}`,
      'controller.listener.names=CONTROLLER',
      'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL',
      `log.dirs=${folder}/data`,
      'offsets.topic.replication.factor=1',
      'offsets.topic.num.partitions=1',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.min.isr=1',
      'transaction.state.log.num.partitions=1',
      'auto.create.topics.enable=false',
      // Cases have records of years ago.
      'log.retention.ms=-1',
    ].join('\n'),
  );
  const java = (main: string, ...args: string[]): string[] => [
    ...QUICK,
    '-cp',
    found.classpath,
    main,
    ...args,
  ];
  const id = Buffer.from('millrace-tests-0').toString('base64url');
  execFileSync(
    'java',
    java(
      'kafka.tools.StorageTool',
      'format',
      '-t',
      id,
      '--add-scram',
      `SCRAM-SHA-512=[name=${USER.username},password=${USER.password}]`,
      '-c',
      config,
    ),
    {
      stdio: 'pipe',
    },
  );
  const start = (): ChildProcess => spawn('java', java('kafka.Kafka', config), { stdio: 'ignore' });
  let child = start();
  const brokers = [`127.0.0.1:${port}`];
  const admin = new Admin({ clientId: 'tests', bootstrapBrokers: brokers, retries: 0 });
  await untilReady(admin, child);
  const producer = new Producer({ clientId: 'tests', bootstrapBrokers: brokers, idempotent: true });
  return {
    brokers,
    withSasl: [`127.0.0.1:${sasl}`],
    withTls: [`127.0.0.1:${tls}`],
    ca,
    admin,
    async send(topic, messages) {
      const bytes = (text: string | null | undefined) =>
        text === null || text === undefined ? undefined : Buffer.from(text);
      // It would send to partitions that are new to one that it knows.
      producer.clearMetadata();
      await producer.send({
        messages: messages.map(({ key, value, headers = {}, ...rest }) => ({
          topic,
          ...rest,
          ...(key === undefined ? {} : { key: Buffer.from(key) }),
          ...(value === null ? {} : { value: bytes(value)! }),
          headers: new Map(
            Object.entries(headers).map(([a, b]) => [Buffer.from(a), Buffer.from(b)]),
          ),
        })),
      });
    },
    async restart(awayMs) {
      await kill(child);
      await sleep(awayMs);
      child = start();
      await untilReady(admin, child);
    },
    async stop() {
      await Promise.allSettled([producer.close(), admin.close()]);
      await kill(child);
      rmSync(`${folder}/data`, { recursive: true, force: true });
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGKILL');
  await ended;
}

async function untilReady(admin: Admin, child: ChildProcess): Promise<void> {
  const end = performance.now() + START_MS;
  while (child.exitCode === null && performance.now() < end) {
    try {
      await admin.listTopics();
      return;
    } catch {
      await sleep(100);
    }
  }
  throw new Error(`the broker does not start; it has exited with ${child.exitCode}`);
}
