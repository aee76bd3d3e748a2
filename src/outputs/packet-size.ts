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

/** As many masks as fit, the smallest of the frame left out and the order kept; at least one is left. */
function withoutSmallest(message: MasksMessage, maxBytes: number): MasksMessage {
  const sizeOf = (item: Item): number => Buffer.byteLength(JSON.stringify(item)) + 1;
  const areaOf = (item: Item): number => ('error' in item ? Number.POSITIVE_INFINITY : item.area);
  const smallestFirst = [...message.masks].sort((a, b) => areaOf(a) - areaOf(b));
  const left = new Set(message.masks);
  let bytes = Buffer.byteLength(JSON.stringify({ ...message, omitted: message.masks.length }));
  for (const item of smallestFirst) {
    if (bytes <= maxBytes || left.size === 1) break;
    left.delete(item);
    bytes -= sizeOf(item);
  }
  return {
    ...message,
    masks: message.masks.filter((item) => left.has(item)),
    omitted: message.masks.length - left.size,
  };
}

/**
 * Makes a masks message fit the broker's packet size: as it is, else with the decoder's low-res grids, else with no
 * mask encoding at all; `degraded` says which. Of masks that nobody named (`everything`) the smallest are left out
 * where even that is too large; `omitted` counts them.
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
  let smallest = message;
  if (message.masks.some(hasEncoding)) {
    const small = message.masks.map((item) => toLowRes(item, lowres));
    smallest = { ...message, masks: message.masks.map(bare), degraded: 'none' };
    const degraded =
      (small.some(hasEncoding) ? within({ ...message, masks: small, degraded: 'lowres' }) : null) ??
      within(smallest);
    if (degraded) return degraded;
  }
  const fewer =
    message.source === 'everything' && message.masks.length > 1
      ? within(withoutSmallest(smallest, maxBytes))
      : null;
  if (fewer) return fewer;
  throw new SamwireError(
    'too_large',
    `The answer of ${message.masks.length} masks needs ${Math.min(...sizes)} bytes at least, and the broker's ` +
      `packet size leaves ${maxBytes}. Send fewer prompts in a message, or raise the broker's maximum packet ` +
      'size and mqtt.maxPacketBytes.',
  );
}
