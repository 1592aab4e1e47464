/** From the plain data of a trigger to the trigger. */
import { unreachable } from '../../../base/assert.ts';
import {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
} from './continuous-triggers.ts';
import { CountTrigger } from './count-trigger.ts';
import { type CustomTrigger, CustomTriggerRunner } from './custom-trigger.ts';
import { type DeltaFunction, DeltaTrigger } from './delta-trigger.ts';
import { EndOfStreamTrigger, EventTimeTrigger, ProcessingTimeTrigger } from './end-triggers.ts';
import { PurgingTrigger, TimeoutTrigger } from './nested-triggers.ts';
import { NeverTrigger, type TriggerHost, type WindowTrigger } from './trigger.ts';
import type { TriggerSpec } from './window-spec.ts';

export function createTrigger(
  spec: TriggerSpec,
  host: TriggerHost,
  functions: readonly object[],
): WindowTrigger {
  switch (spec.kind) {
    case 'eventTime':
      return new EventTimeTrigger(host);
    case 'processingTime':
      return new ProcessingTimeTrigger(host);
    case 'endOfStream':
      return new EndOfStreamTrigger(host);
    case 'never':
      return new NeverTrigger(host);
    case 'count':
      return new CountTrigger(host, spec.count);
    case 'continuousEventTime':
      return new ContinuousEventTimeTrigger(host, spec.everyMs);
    case 'continuousProcessingTime':
      return new ContinuousProcessingTimeTrigger(host, spec.everyMs);
    case 'delta':
      return new DeltaTrigger(host, spec.threshold, functions[spec.by] as DeltaFunction);
    case 'timeout': {
      const of = createTrigger(spec.of, host, functions);
      return new TimeoutTrigger(host, of, spec.afterMs, spec.isReset);
    }
    case 'purging':
      return new PurgingTrigger(createTrigger(spec.of, host, functions));
    case 'custom':
      return new CustomTriggerRunner(host, functions[spec.by] as CustomTrigger<unknown, unknown>);
    default:
      return unreachable(spec);
  }
}
