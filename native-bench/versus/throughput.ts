/** Millions of records a second, from the end of the warm-up to the end of the last sink. */
import { type Command, figure, reported, type Variant } from '../figure.ts';
import { medianOf } from '../harness.ts';
import type { Comparison, Form, Pair } from './comparison.ts';
import { type OwnProgram, ownProgram } from './own-programs.ts';
import type { Peer, PeerId } from './peer.ts';

export type Throughput = {
  readonly id: string;
  readonly what: string;
  /** Runs the engine's side by the arguments that the peers' programs get. */
  readonly program: Program;
  /** Of enough records for each to be warm, and to run for some seconds more. */
  timed(engine: 'millrace' | PeerId): readonly string[];
  /** Of the run before, whose results are compared. */
  verified(): readonly string[];
  /** Least ratio to Flink of each form that the engine's job has; null where there is no bar. */
  readonly forms: Readonly<Partial<Record<Form, number | null>>>;
  readonly ofCorpus?: 'floor' | 'query';
};

type Program = OwnProgram & `versus/${string}`;

/** State of many keys needs more than V8 gives by itself. */
const NODE_ARGS: Readonly<Record<Program, readonly string[]>> = {
  'versus/run-job': [],
  'versus/run-nexmark': ['--max-old-space-size=12000'],
};

export function throughput(peers: readonly Peer[], given: Throughput): Comparison {
  const { id, what, program } = given;
  const forms = Object.keys(given.forms) as Form[];
  const [first] = peers;
  const engine = (form: Form, more: readonly string[]): Command => {
    const { args } = ownProgram(program, '--form', form, ...more);
    return { args: [...NODE_ARGS[program], ...args] };
  };
  return {
    id,
    figure: figure<string>({
      id,
      what,
      unit: first === undefined ? 'M records/s' : `times ${first.name}`,
      roundUnit: 'M records/s',
      bar: null,
      verify() {
        const args = [...given.verified(), '--verify', '1'];
        return [
          ...forms.map((form) => engine(form, args)),
          ...peers.map((peer) => peer.command(args)),
        ];
      },
      variants: () => ({
        ...Object.fromEntries(
          forms.map((form) => [form, perSecond(engine(form, given.timed('millrace')))]),
        ),
        ...Object.fromEntries(
          peers.map((peer) => [peer.id, perSecond(peer.command(given.timed(peer.id)))]),
        ),
      }),
      value: (medians) => medians[forms[0]!]! / (first === undefined ? 1 : medians[first.id]!),
    }),
    lines: (outcome) =>
      (first === undefined ? [null] : peers).flatMap((peer) =>
        forms.map((form) => {
          const pair = (of: (variant: string) => number): Pair => ({
            millrace: of(form),
            peer: peer === null ? null : of(peer.id),
          });
          const limit = (peer?.id === 'flink' ? given.forms[form] : null) ?? null;
          return {
            work: forms.length === 1 ? what : `${what}, ${form}`,
            peer: peer?.name ?? null,
            unit: 'M records/s',
            value: pair((variant) => outcome.medians[variant]!),
            recordsPerCpuSecond: pair((variant) =>
              medianOf(
                outcome,
                variant,
                ({ cpuSeconds, timedRecords }) => timedRecords! / cpuSeconds! / 1e6,
              ),
            ),
            memory: pair((variant) => medianOf(outcome, variant, ({ peakMb }) => peakMb!)),
            bar: limit === null ? null : { direction: 'at least', limit },
            ...(given.ofCorpus === undefined ? {} : { ofCorpus: given.ofCorpus }),
          };
        }),
      ),
  };
}

function perSecond(command: Command): Variant {
  return {
    command,
    measure: (run) => reported(run, 'timedRecords') / reported(run, 'seconds') / 1e6,
  };
}
