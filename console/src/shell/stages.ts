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

/** Error codes of prompts that failed, and counters of what was never tried or sent (src/http/live/status.ts). */
const DROPS: Readonly<Record<string, string>> = {
  overloaded: 'prompts: more was asked than the model can do',
  expired: 'prompts: not begun in time (`maxAgeMs`)',
  rate_limited: 'prompts: over the limit (`pipeline.rateLimit`)',
  frame_evicted: 'prompts: the frame that they name was gone (`historyMs`)',
  no_frame: 'prompts: the camera gave no frame',
  model_failed: 'prompts: the model failed',
  device_failed: 'prompts: the GPU failed',
  unsupported_prompt: 'prompts: the model can not take them',
  invalid_message: 'prompts: not as expected',
  internal: 'prompts: a bug in Samwire',
  framesSkipped: 'frames for tracks: a newer one was there already',
  everythingSkipped: 'turns of everything: the model was busy, or no new frame was there',
  'mqtt.volatileDropped': 'MQTT: masks and stats that nobody waits for, while the broker was away or slow',
  'mqtt.overflow': 'MQTT answers: too many waited for the broker',
  'mqtt.too_large': 'MQTT answers: larger than the broker takes',
  'mqtt.refused': 'MQTT answers: the broker refused them',
  'mqtt.undeliverable': 'MQTT answers: connections ended again and again over them',
  'console.masks': 'masks for pages such as this: the page was too slow',
  'outputs.labels': 'label images: a newer one was there already, or the broker was away',
  'outputs.visionMsgs': 'ROS messages: the broker was away or slow',
};

/** A reason for a drop in words; one that this page does not know as it is. */
export function dropWords(reason: string): string {
  return DROPS[reason] ?? reason.replaceAll('_', ' ');
}
