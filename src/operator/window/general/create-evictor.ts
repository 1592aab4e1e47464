/** From the plain data of an evictor to what takes rows out of windows. */
import { type CustomEvictor, CustomEvictorRunner } from './custom-evictor.ts';
import { type Evictor, RuleEvictor } from './evictor.ts';
import type { TriggerHost } from './trigger.ts';
import type { EvictorSpec } from './window-spec.ts';

/** Null for none. */
export function createEvictor(
  spec: EvictorSpec | null,
  functions: readonly object[],
  host: TriggerHost,
): Evictor | null {
  if (spec === null) return null;
  if (spec.kind !== 'custom') return new RuleEvictor(spec, functions);
  return new CustomEvictorRunner(functions[spec.by] as CustomEvictor<unknown>, host);
}
