import type { ErrorBody } from '../../errors.js';
import type {
  EdgesRequest,
  EdgesResult,
  ObjectsRequest,
  ObjectsResult,
  Proposal,
  SegmentRequest,
  SegmentResult,
} from '../segmenter.js';
import type { Mending } from './model.js';

export type ModelPart = 'all' | 'detector';

/** What the worker is started with. */
export interface WorkerStart {
  /** The model directory. */
  readonly dir: string;
  /** onnxruntime's intra-op threads. */
  readonly threads: number;
  /** Run once before the first request. */
  readonly warmUp: boolean;
  /** The detector alone, where engines run the rest. */
  readonly part: ModelPart;
  /** Cameras that the model serves. */
  readonly cameras: number;
}

/** What can be asked of the worker, by name. A frame's pixels stay in the addon: its id goes over. */
export interface Asks {
  readonly segment: { readonly request: SegmentRequest; readonly result: SegmentResult };
  readonly proposals: { readonly request: SegmentRequest['frame']; readonly result: readonly Proposal[] };
  readonly everything: { readonly request: ObjectsRequest; readonly result: ObjectsResult };
  readonly edges: { readonly request: EdgesRequest; readonly result: EdgesResult };
}
export type Ask = keyof Asks;

/** What only some models can. */
export type Ability = Exclude<Ask, 'segment'>;

/** Main thread → worker. */
export type WorkerRequest = {
  [A in Ask]: { readonly id: number; readonly ask: A; readonly request: Asks[A]['request'] };
}[Ask];

/** Worker → main thread. */
export type WorkerMessage =
  | {
      readonly type: 'ready';
      readonly model: string;
      readonly abilities: readonly Ability[];
      readonly mending: Mending;
    }
  | {
      readonly type: 'refused';
      readonly message: string;
      readonly faults: readonly { path: string; expected: string; got: string }[];
    }
  | { readonly type: 'result'; readonly id: number; readonly result: Asks[Ask]['result'] }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorBody };
