import type { DETECTION_FORMATS } from '../config/detections.js';
import type { FaultDetail } from '../errors.js';
import type { FrameChoice } from '../frames/camera.js';
import type { FrameSize } from '../prompts/resolve.js';
import type { Box } from '../prompts/types.js';

/** The formats that are read, as the config names them. */
export type Format = Exclude<(typeof DETECTION_FORMATS)[number], 'auto'>;

/** An object that a detector found. */
export interface Detection {
  /** Unique among those of the message: the detector's own, made to fit, else the place in the payload. */
  readonly id: string;
  /** The detector gave an id, by which it means the same object in the next message. */
  readonly named: boolean;
  readonly label?: string;
  /** 0..1. Absent where the detector gives none. */
  readonly confidence?: number;
  /** Finite; in pixels of the picture that the detector saw, or 0..1 of it ({@link Detections.normalized}). */
  readonly box: Box;
}

/** A detection that can't be used; the others are. */
export interface RefusedDetection {
  readonly id: string;
  readonly fault: FaultDetail;
}

/** Which frame the detector saw. A capture time has the tolerance that the message asks for, if it does. */
export type NamedFrame =
  | Exclude<FrameChoice, { readonly timestamp: number }>
  | { readonly timestamp: number; readonly toleranceMs?: number };

/** What a payload says besides its detections. */
export interface PayloadFacts {
  /** Of the picture that the boxes are in, pixels. */
  readonly frameSize?: FrameSize;
  readonly normalized?: boolean;
  /** Absent where the payload does not say. */
  readonly frame?: NamedFrame;
  /** The camera or sensor as the detector calls it. */
  readonly source?: string;
  readonly requestId?: string;
  /** The payload is about one object of a frame that may have more. */
  readonly oneObject?: boolean;
  /** The detector says that the object is gone: there is nothing to segment. */
  readonly ended?: boolean;
}

/** A detector's message, whatever its format was. */
export interface Detections extends PayloadFacts {
  readonly format: Format;
  /** In the payload's order. */
  readonly detections: readonly Detection[];
  readonly refused: readonly RefusedDetection[];
}
