import type { ErrorBody } from '../../errors.js';
import type { SegmentRequest, SegmentResult } from '../segmenter.js';
import type { Mending } from './model.js';

/** What the worker is started with. */
export interface WorkerStart {
  /** The model directory. */
  readonly dir: string;
  /** onnxruntime's intra-op threads. */
  readonly threads: number;
  /** Run once before the first request. */
  readonly warmUp: boolean;
}

/** Main thread → worker. The frame's pixels stay in the addon: its id goes over. */
export interface WorkerRequest {
  readonly id: number;
  readonly request: SegmentRequest;
}

/** Worker → main thread. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly model: string; readonly mending: Mending }
  | {
      readonly type: 'refused';
      readonly message: string;
      readonly faults: readonly { path: string; expected: string; got: string }[];
    }
  | { readonly type: 'result'; readonly id: number; readonly result: SegmentResult }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorBody };
