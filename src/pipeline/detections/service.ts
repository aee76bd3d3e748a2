import type { Detections } from '../../detections/types.js';
import type { FrameSource } from '../../frames/source.js';
import type { DetectionsContext } from '../../mqtt/service.js';
import { Superseded } from '../schedule/superseded.js';
import {
  answerDetections,
  type DetectionRules,
  type DetectionsAnswer,
  type DetectionsDependencies,
  type DetectionsListener,
} from './answer.js';
import { DetectionCounters } from './counters.js';

export interface DetectionServiceOptions
  extends Pick<DetectionsDependencies, 'addon' | 'maxPrompts' | 'encodings' | 'polygonTolerancePx'> {
  /** By camera. */
  readonly rules: ReadonlyMap<string, DetectionRules>;
  readonly maxAgeMs: number;
  /** Hears of the detections of cameras that follow them. */
  readonly listener?: DetectionsListener;
}

export interface DetectionsRequest {
  readonly camera: FrameSource;
  readonly message: Detections;
  readonly context: DetectionsContext;
  readonly model: Pick<DetectionsDependencies, 'scheduler' | 'segmenter'>;
}

/** Detectors' messages by their cameras' rules, counted. */
export class DetectionService {
  readonly #options: DetectionServiceOptions;
  readonly #counters = new DetectionCounters();

  constructor(options: DetectionServiceOptions) {
    this.#options = options;
  }

  /**
   * Null: a newer message of its stream came before its turn.
   * @throws SamwireError as {@link answerDetections}
   */
  async serve({ camera, message, context, model }: DetectionsRequest): Promise<DetectionsAnswer | null> {
    const { rules: ofCameras, maxAgeMs, listener, ...rest } = this.#options;
    const { receivedAtMs, expiresAtMs = Number.POSITIVE_INFINITY, stream, client } = context;
    const rules = ofCameras.get(camera.name);
    if (!rules) throw new Error(`no rules for the detections of camera ${camera.name}`);
    this.#counters.taken(message);
    try {
      const made = await answerDetections(
        {
          camera,
          message,
          rules,
          stream,
          receivedAtMs,
          maxAgeMs: Math.min(maxAgeMs, expiresAtMs - receivedAtMs),
          ...(client === undefined ? {} : { client }),
        },
        { ...rest, ...model, ...(listener && rules.track ? { listener } : {}) },
      );
      this.#counters.answered(made.chosen, made.answer.message);
      return made;
    } catch (thrown) {
      if (!(thrown instanceof Superseded)) throw thrown;
      this.#counters.superseded();
      return null;
    }
  }

  /** `stats.detections`. */
  stats() {
    return this.#counters.snapshot();
  }
}
