/** Figures of the dashboard: how much is loaded, and how soon the job is to be seen. */
import { atMost, type Figure, figure, reported, scaled, typescript } from '../figure.ts';

const LOADS = 5;

export const DASHBOARD_FIGURES: readonly Figure[] = [
  figure({
    id: 'dashboard-size',
    what: 'all that a browser loads for the dashboard, packed by gzip',
    unit: 'KB',
    roundUnit: 'KB',
    bar: atMost(80),
    roundsMax: 1,
    variants: () => ({
      files: {
        command: typescript('native-bench/dashboard/size.ts'),
        measure: (run) => reported(run, 'kb'),
      },
    }),
    value: (medians) => medians.files,
  }),
  figure({
    id: 'dashboard-first-paint',
    what: 'from asking for the dashboard until a running job is on the screen of Chromium, on loopback',
    unit: 'ms',
    roundUnit: 'ms',
    bar: atMost(500),
    variants: (settings) => ({
      page: {
        command: typescript('native-bench/dashboard/first-paint.ts', scaled(LOADS, settings)),
        measure: (run) => reported(run, 'ms'),
      },
    }),
    value: (medians) => medians.page,
  }),
];
