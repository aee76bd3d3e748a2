import { DETECTION_FORMATS } from '../../../src/config/detections.js';
import { readDetections } from '../../../src/detections/read.js';
import type { Detections } from '../../../src/detections/types.js';
import { ID_PATTERN } from '../../../src/prompts/message.js';
import { mustHold, readOrRefuse } from '../refusal.js';
import type { FuzzTarget } from '../target.js';
import { MAX_BYTES } from './prompt.js';

/** Detectors' payloads, recognised by their shape, and read as the one of the nine formats that their length picks. */
export const detections: FuzzTarget = {
  name: 'detections',
  form: 'json',
  tokens: ['NaN', '-Infinity', '"', '\\', '{"box":[1,2,3,4]}', '|', '\\"', '"objects":[]'],
  maxBytes: MAX_BYTES,
  sources: ['/src/detections/', '/src/prompts/json'],
  run: (input) => {
    for (const format of [
      'auto',
      DETECTION_FORMATS[input.length % DETECTION_FORMATS.length] ?? 'auto',
    ] as const) {
      const read = readOrRefuse(() => readDetections(input, { format, maxBytes: MAX_BYTES }));
      if (read === undefined) continue;
      mustHold(format === 'auto' || read.format === format, 'a fixed format is the one that is read');
      checkDetections(read);
    }
  },
};

function checkDetections({ detections: found, refused, frameSize, frame, source }: Detections): void {
  const ids = [...found, ...refused].map(({ id }) => id);
  mustHold(new Set(ids).size === ids.length, 'ids are unique');
  mustHold(
    ids.every((id) => ID_PATTERN.test(id)),
    'ids are of the one form',
  );
  for (const { box, label = '', confidence = 0 } of found) {
    mustHold(box.every(Number.isFinite), 'boxes are finite');
    mustHold(label.length <= 256, 'labels have 256 characters at most');
    mustHold(confidence >= 0 && confidence <= 1, 'a confidence is 0 to 1');
  }
  mustHold(
    refused.every(({ fault }) => fault.expected !== '' && fault.got !== ''),
    'a refusal says why',
  );
  mustHold(frameSize === undefined || (frameSize.width >= 1 && frameSize.height >= 1), 'a size has pixels');
  mustHold(
    frame === undefined ||
      frame === 'latest' ||
      Object.values(frame).every((n) => n === undefined || Number.isFinite(n)),
    'a frame is named by numbers',
  );
  mustHold(source === undefined || typeof source === 'string', 'a source is a name');
}
