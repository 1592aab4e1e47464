/** Worked cases of watermarks over several inputs, for the merger alone and for whole dataflows. */

export type InputEvent = {
  readonly input: number;
  /** A number is a watermark. */
  readonly what: number | 'idle' | 'active' | 'end';
};

const WORDS = { i: 'idle', a: 'active', e: 'end' } as const;

/** `0:12` watermark 12 on input 0; `0i` idle, `0a` active, `0e` end. */
export function parseEvents(events: string): InputEvent[] {
  return events.split(', ').map((event) => {
    const [, input, what] = /^(\d)(:-?\d+|i|a|e)$/.exec(event)!;
    const word = WORDS[what as keyof typeof WORDS] ?? Number(what!.slice(1));
    return { input: Number(input), what: word };
  });
}

/** Inputs, then pairs of events and what they emit. */
export const WATERMARK_CASES: readonly [number, readonly [string, string][]][] = [
  [
    3,
    [
      ['0:0, 1:0', ''],
      ['2:0', 'W0'],
      ['0:12, 2:8', ''],
      ['2:10', ''],
      ['1:15', 'W10'],
      ['2:17', 'W12'],
      ['0:20', 'W15'],
    ],
  ],
  [
    3,
    [
      ['0:25, 1:10, 2:17', 'W10'],
      ['0:12, 1:8, 2:15', ''],
    ],
  ],
  [
    3,
    [
      ['0:15, 1:10, 2i', 'W10'],
      ['1:18', 'W15'],
      ['0:20', 'W18'],
    ],
  ],
  [
    3,
    [
      ['0:25, 1:10, 2:17', 'W10'],
      ['1i', 'W17'],
      ['2i', 'W25'],
    ],
  ],
  [
    3,
    [
      ['0:10, 1:5, 2:3', 'W3'],
      ['0i, 1i', ''],
      ['2i', 'W10 IDLE'],
    ],
  ],
  [
    3,
    [
      ['0:10, 1:7, 2:3', 'W3'],
      ['2i', 'W7'],
      ['2a, 2:5', ''],
      ['2:9', ''],
      ['1:12', 'W9'],
    ],
  ],
  [
    3,
    [
      ['0:10, 1:7, 2i', 'W7'],
      ['2a', ''],
      ['0i, 1i', ''],
    ],
  ],
  [
    1,
    [
      ['0:25', 'W25'],
      ['0i', 'IDLE'],
      ['0:50', ''],
      ['0a', 'ACTIVE'],
      ['0:50', 'W50'],
    ],
  ],
  [
    2,
    [
      ['1i', ''],
      ['0i', 'IDLE'],
      ['1a', 'ACTIVE'],
      ['0a', ''],
    ],
  ],
  [
    2,
    [
      ['0e', ''],
      ['1:5', 'W5'],
      ['1e', 'WInfinity'],
    ],
  ],
  [
    2,
    [
      ['0i, 0e', ''],
      ['1:5', 'W5'],
    ],
  ],
];
