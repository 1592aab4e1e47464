/** The list of figures: what is measured, against what, and the bar. */
import { DASHBOARD_FIGURES } from './dashboard/figures.ts';
import type { Figure } from './figure.ts';
import { MACRO_FIGURES } from './macro/figures.ts';
import { MICRO_FIGURES } from './micro/figures.ts';
import { STATE_FIGURES } from './state/figures.ts';
import { STREAM_FIGURES } from './stream/figures.ts';

export const FIGURES: readonly Figure[] = [
  ...MACRO_FIGURES,
  ...STREAM_FIGURES,
  ...STATE_FIGURES,
  ...MICRO_FIGURES,
  ...DASHBOARD_FIGURES,
];
