import { SamwireError } from '../errors.js';
import type { FailedMaskItem, LowResMask, MaskItem, MasksMessage } from '../masks/types.js';

type Item = MaskItem | FailedMaskItem;

export interface FittedMessage {
  /** The JSON to publish: at most `maxBytes` bytes of UTF-8. */
  readonly payload: string;
  /** What the payload says. */
  readonly message: MasksMessage;
}

function bare(item: Item): Item {
  if ('error' in item) return item;
  const { rle: _rle, polygons: _polygons, png: _png, lowres: _lowres, ...rest } = item;
  return rest;
}

function hasEncoding(item: Item): boolean {
  return !('error' in item) && Boolean(item.rle ?? item.polygons ?? item.png ?? item.lowres);
}

/** Only a mask that was to be sent with an encoding gets one here: a caller that asked for none is not sent more. */
function toLowRes(item: Item, lowres: ReadonlyMap<string, LowResMask>): Item {
  if ('error' in item || !hasEncoding(item)) return item;
  const grid = item.lowres ?? lowres.get(item.id);
  return grid ? { ...bare(item), lowres: grid } : bare(item);
}

/**
 * Makes a masks message fit the broker's packet size: as it is, else with the decoder's low-res grids, else with no
 * mask encoding at all; `degraded` says which.
 *
 * @param maxBytes for the payload alone: the packet's header, topic and properties are already taken off
 * @param lowres by mask id, for masks that do not carry their low-res form themselves
 * @throws SamwireError `too_large` when not even boxes and scores fit
 */
export function fitToPacket(
  message: MasksMessage,
  maxBytes: number,
  lowres: ReadonlyMap<string, LowResMask> = new Map(),
): FittedMessage {
  const sizes: number[] = [];
  const within = (candidate: MasksMessage): FittedMessage | null => {
    const payload = JSON.stringify(candidate);
    const bytes = Buffer.byteLength(payload);
    sizes.push(bytes);
    return bytes <= maxBytes ? { payload, message: candidate } : null;
  };
  const whole = within(message);
  if (whole) return whole;
  if (message.masks.some(hasEncoding)) {
    const small = message.masks.map((item) => toLowRes(item, lowres));
    const degraded =
      (small.some(hasEncoding) ? within({ ...message, masks: small, degraded: 'lowres' }) : null) ??
      within({ ...message, masks: message.masks.map(bare), degraded: 'none' });
    if (degraded) return degraded;
  }
  throw new SamwireError(
    'too_large',
    `The answer of ${message.masks.length} masks needs ${Math.min(...sizes)} bytes at least, and the broker's ` +
      `packet size leaves ${maxBytes}. Send fewer prompts in a message, or raise the broker's maximum packet ` +
      'size and mqtt.maxPacketBytes.',
  );
}
