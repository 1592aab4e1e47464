/** Triggers that fire once, at the end: of the window, by one kind of time or the other, or of the stream. */
import { CONTINUE, FIRE, NeverTrigger, type TriggerResult } from './trigger.ts';
import { AT_END_OF_STREAM } from './window-timers.ts';

/** When the watermark reaches the last moment of the window; then again for each late record. */
export class EventTimeTrigger extends NeverTrigger {
  override onRecord(slot: number): TriggerResult {
    const { host } = this;
    const last = host.windows.endOf(slot) - 1;
    if (last <= host.watermark) return FIRE;
    host.eventTimers.add(slot, last);
    return CONTINUE;
  }

  override onEventTime(slot: number, time: number): TriggerResult {
    return time === this.host.windows.endOf(slot) - 1 ? FIRE : CONTINUE;
  }

  override onMerged(slot: number): void {
    const { host } = this;
    const last = host.windows.endOf(slot) - 1;
    if (last > host.watermark) host.eventTimers.add(slot, last);
  }

  override clear(slot: number): void {
    this.host.eventTimers.delete(slot, this.host.windows.endOf(slot) - 1);
  }
}

/** When the clock reaches the end of the window. */
export class ProcessingTimeTrigger extends NeverTrigger {
  override onRecord(slot: number): TriggerResult {
    this.host.clockTimers.add(slot, this.host.windows.endOf(slot));
    return CONTINUE;
  }

  override onClock(slot: number, time: number): TriggerResult {
    return time === this.host.windows.endOf(slot) ? FIRE : CONTINUE;
  }

  override onMerged(slot: number): void {
    const { host } = this;
    const end = host.windows.endOf(slot);
    if (end > host.nowMs) host.clockTimers.add(slot, end);
  }

  override clear(slot: number): void {
    this.host.clockTimers.delete(slot, this.host.windows.endOf(slot));
  }
}

/** With the maximum watermark. */
export class EndOfStreamTrigger extends NeverTrigger {
  override onRecord(slot: number): TriggerResult {
    this.host.eventTimers.add(slot, AT_END_OF_STREAM);
    return CONTINUE;
  }

  override onEventTime(_slot: number, time: number): TriggerResult {
    return time === AT_END_OF_STREAM ? FIRE : CONTINUE;
  }

  override onMerged(slot: number): void {
    this.host.eventTimers.add(slot, AT_END_OF_STREAM);
  }

  override clear(slot: number): void {
    this.host.eventTimers.delete(slot, AT_END_OF_STREAM);
  }
}
