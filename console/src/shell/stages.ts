/** The way of an answer, in the order in which it goes, in words for who never read the docs. */

export interface StageWords {
  /** In `timing` of the masks message and in the status. */
  readonly key: string;
  readonly name: string;
  readonly text: string;
}

export const STAGES: readonly StageWords[] = [
  { key: 'ageMs', name: 'Age', text: 'from the capture of the frame to the request' },
  { key: 'queueMs', name: 'Waiting', text: 'for the model to be free' },
  { key: 'prepareMs', name: 'Preparing', text: 'the picture is scaled for the model' },
  { key: 'encodeMs', name: 'Encoding', text: 'the model looks at the picture; once for all prompts on it' },
  { key: 'decodeMs', name: 'Decoding', text: 'the model finds what a prompt means' },
  { key: 'maskMs', name: 'Mask', text: 'the outline is made in the size of the frame' },
  { key: 'publishMs', name: 'Sending', text: 'the message is made and handed over' },
];

export const TOTAL: StageWords = {
  key: 'captureToPublishMs',
  name: 'Total',
  text: 'from the capture of the frame to its answer',
};

/** The stages that the node tells: those above in their order, and what this page does not know behind them. */
export function stagesOf(told: Readonly<Record<string, unknown>>): readonly StageWords[] {
  const known = [TOTAL, ...STAGES];
  const others = Object.keys(told).filter((key) => !known.some((stage) => stage.key === key));
  return [
    ...STAGES.filter(({ key }) => key in told),
    ...others.map((key) => ({ key, name: key.replace(/Ms$/, ''), text: '' })),
  ];
}

const DROPS: Readonly<Record<string, string>> = {
  overload: 'more was asked than the model can do',
  overloaded: 'more was asked than the model can do',
  queueFull: 'too many waited (`pipeline.queue`)',
  expired: 'not begun in time (`maxAgeMs`)',
  superseded: 'a newer one took its place',
  rate_limited: 'over the rate limit (`pipeline.rateLimit`)',
  frame_evicted: 'the named frame was gone (`historyMs`)',
  no_frame: 'the camera gave no frame',
};

/** A reason for a drop in words; one that this page does not know as it is. */
export function dropWords(reason: string): string {
  return DROPS[reason] ?? reason.replaceAll('_', ' ');
}
