import type { NativeImageSpec, NativeMaskSpec, Placement } from '../native/types.js';
import type { DecoderContract } from './contract.js';
import { type ImageBlock, type Manifest, parseFrame } from './manifest.js';

export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/** A manifest's `image` block, or that of its detector, in the addon's terms. */
export function imageSpec({ image }: Pick<Manifest, 'image'>): NativeImageSpec {
  const { size, fit, rounding, filter, channels, scale, mean, std, pad } = image;
  return {
    width: size[0],
    height: size[1],
    fit,
    rounding,
    filter,
    channels,
    scale,
    mean,
    std,
    padLevel: pad === 'after-normalise' ? null : pad,
  };
}

/** Where a frame lies in the encoder's input; the same rule as the addon's `place`. */
export function imagePlacement({ image }: Pick<Manifest, 'image'>, frame: FrameSize): Placement {
  const { fit, rounding, size } = image;
  switch (fit) {
    case 'native':
      return all(frame.width, frame.height);
    case 'stretch':
      return all(size[0], size[1]);
    case 'letterbox':
    case 'letterbox-centred':
      return letterbox({
        frame,
        width: size[0],
        height: size[1],
        rounding,
        centred: fit === 'letterbox-centred',
      });
  }
}

/**
 * Where a frame lies in the frame of its prompts (`prompt.frame`), which is also the grid that the authors enlarge
 * the logits to before they crop. It differs from the encoder's input where prompts keep SAM's 1024 while the encoder
 * sees 512 (EfficientViT-SAM L0 to L2).
 */
export function promptPlacement(manifest: Manifest, frame: FrameSize): Placement {
  const target = parseFrame(manifest.prompt.frame);
  switch (target.kind) {
    case 'source':
      return imagePlacement(manifest, frame);
    case 'stretch':
      return all(target.size, target.size);
    case 'letterbox':
      return letterbox({
        frame,
        width: target.size,
        height: target.size,
        rounding: manifest.image.rounding,
        centred: manifest.image.fit === 'letterbox-centred',
      });
  }
}

/** The same at the level of the logits that a request names, where it names one. */
export function atThreshold(
  spec: NativeMaskSpec,
  { threshold }: { readonly threshold?: number | undefined },
): NativeMaskSpec {
  return threshold === undefined ? spec : { ...spec, threshold };
}

/** How the decoder's logits become masks of a frame, for the addon. The offset is that of SAM's stability score. */
export function maskSpec(
  manifest: Manifest,
  decoder: Pick<DecoderContract, 'grid'>,
  frame: FrameSize,
): NativeMaskSpec {
  return {
    gridWidth: decoder.grid.width,
    gridHeight: decoder.grid.height,
    placement: promptPlacement(manifest, frame),
    frameWidth: frame.width,
    frameHeight: frame.height,
    viaInput: manifest.mask.resize === 'via-input',
    threshold: manifest.mask.threshold,
    inclusive: manifest.mask.thresholdInclusive,
    stabilityOffset: 1,
  };
}

function all(width: number, height: number): Placement {
  return { x: 0, y: 0, width, height, tensorWidth: width, tensorHeight: height };
}

interface LetterboxOptions {
  readonly frame: FrameSize;
  readonly width: number;
  readonly height: number;
  readonly rounding: ImageBlock['rounding'];
  readonly centred: boolean;
}

/**
 * The largest picture of the frame's shape inside width × height, at least one pixel each way. The floating-point
 * operations and their order are those of segment_anything's get_preprocess_shape (`round`) and NanoSAM's
 * preprocess_image (`floor`), because int() of 658.999… and of 659 differ.
 */
function letterbox({ frame, width, height, rounding, centred }: LetterboxOptions): Placement {
  let placedWidth = width;
  let placedHeight = height;
  const aspect = frame.width / frame.height;
  if (width * frame.height <= height * frame.width) {
    const exact = rounding === 'floor' ? width / aspect : frame.height * (width / frame.width);
    placedHeight = clamp(whole(exact, rounding), height);
  } else {
    const exact = rounding === 'floor' ? height * aspect : frame.width * (height / frame.height);
    placedWidth = clamp(whole(exact, rounding), width);
  }
  return {
    x: centred ? Math.floor((width - placedWidth) / 2) : 0,
    y: centred ? Math.floor((height - placedHeight) / 2) : 0,
    width: placedWidth,
    height: placedHeight,
    tensorWidth: width,
    tensorHeight: height,
  };
}

function whole(length: number, rounding: ImageBlock['rounding']): number {
  switch (rounding) {
    case 'floor':
      return Math.floor(length);
    case 'round':
      return Math.floor(length + 0.5);
    case 'half-even':
      return halfToEven(length);
  }
}

/** Python's round(). */
export function halfToEven(value: number): number {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

function clamp(length: number, limit: number): number {
  return Math.min(limit, Math.max(1, length));
}
