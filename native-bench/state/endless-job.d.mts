import type { Job } from 'millrace';

export function takeLongestGap(): number;

export const endless: Job<void>;
