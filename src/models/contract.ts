/** One dimension of a tensor: a fixed length, or a symbol (any length). */
export type Dimension = number | string;

/** A graph's input or output as the ONNX file declares it. `shape` is null where the file leaves it out. */
export interface TensorInfo {
  readonly name: string;
  /** Element type by onnxruntime's name: `float32`, `float16`, `int64`, … */
  readonly type: string;
  readonly shape: readonly Dimension[] | null;
}

/** What a graph takes and gives. */
export interface GraphIO {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

export interface EncoderContract {
  readonly input: string;
  /** [1, 3, height, width]; null where the encoder takes pictures of any size (`fit: native`). */
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly output: string;
  /** Channels, height and width of the embedding. */
  readonly embedding: readonly [channels: number, height: number, width: number];
  /** What else of the encoder's outputs the decoder takes, under the same names; [1, channels, height, width] each. */
  readonly features: readonly Feature[];
}

/** A feature map that goes from the encoder to the decoder beside the embedding (SAM 2's high-resolution features). */
export interface Feature {
  readonly name: string;
  readonly shape: readonly [channels: number, height: number, width: number];
}

export interface DecoderContract {
  readonly inputs: {
    readonly embeddings: string;
    readonly coords: string;
    readonly labels: string;
    /** [B, 1, grid height, grid width] float32 logits; absent where the model takes no mask. */
    readonly maskInput?: string;
    /** [1] or [B] float32: 1 where `maskInput` counts. */
    readonly hasMaskInput?: string;
    /** [2]: height and width of the source picture. */
    readonly origSize?: string;
  };
  readonly outputs: {
    /** Logits, [B, candidates, grid height, grid width] (with rank 4 coordinates [1, B, …]). */
    readonly lowRes: string;
    /** Predicted IoU, [B, candidates] (with rank 4 coordinates [1, B, …]). */
    readonly iou: string;
    /** Logits at the source picture's size, which Samwire makes itself and does not ask for. */
    readonly full?: string;
  };
  readonly grid: { readonly width: number; readonly height: number };
  readonly candidates: number;
  /** Prompts in one run: any number, or one. */
  readonly batch: 'free' | 1;
  /** `maskInput`'s own batch: 1 while `batch` is free means that all prompts of a run share one mask. */
  readonly maskBatch: 'free' | 1;
  /** Points of a prompt (N): any number, or the one that the graph was exported for. */
  readonly points: 'free' | number;
  /** The most points of a prompt: the manifest's, or fewer where the graph has a fixed N. */
  readonly maxPoints: number;
  /** 3: [B, N, 2]; 4: [1, B, N, 2] (EfficientSAM). */
  readonly coordsRank: 3 | 4;
  readonly labelsType: LabelsType;
  /** Present where `inputs.origSize` is. */
  readonly origSizeType?: OrigSizeType;
}

export type LabelsType = 'float32' | 'int32' | 'int64';
export type OrigSizeType = 'float32' | 'int32' | 'int64';

export interface ModelContract {
  readonly encoder: EncoderContract;
  readonly decoder: DecoderContract;
}

/** `[B,4,256,256] float32`, for messages. */
export function describeTensor(tensor: Pick<TensorInfo, 'type' | 'shape'>): string {
  if (tensor.shape === null) return `a ${tensor.type} tensor of undeclared shape`;
  return `[${tensor.shape.map((length) => (isFixed(length) ? length : symbol(length))).join(',')}] ${tensor.type}`;
}

/** True where the file fixes the length; onnxruntime gives symbols as strings and nameless ones as -1 or 0. */
export function isFixed(length: Dimension | undefined): length is number {
  return typeof length === 'number' && length > 0;
}

function symbol(length: Dimension): string {
  return typeof length === 'string' && length !== '' ? length : '?';
}
