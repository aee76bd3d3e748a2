import { type Dimension, type GraphIO, isFixed, type TensorInfo } from './contract.js';
import { GraphFaults } from './graph-faults.js';
import { type EarlyFusionManifest, ManifestError } from './manifest.js';

/** Names and sizes of an early-fusion network's tensors. */
export interface FusionContract {
  /**
   * The picture [1, 3, height, width] and the prompts' channels [B, K, height, width]; or, without `prompt`, one input
   * [B, 3 + K, height, width] of both. float32.
   */
  readonly inputs: { readonly image: string; readonly prompt?: string };
  readonly outputs: {
    /** Logits [B, candidates, grid height, grid width] float32. */
    readonly masks: string;
    /** Predicted IoU [B, candidates] float32; absent where the network gives none. */
    readonly iou?: string;
  };
  /** Of the logits; null where the exporter left it open, as torch does: a run tells. */
  readonly grid: { readonly width: number; readonly height: number } | null;
  /** null: as with the grid. */
  readonly candidates: number | null;
  /** Prompts in one run: any number, or one. */
  readonly batch: 'free' | 1;
}

/** With what a run has told. */
export interface SettledFusionContract extends FusionContract {
  readonly grid: NonNullable<FusionContract['grid']>;
  readonly candidates: NonNullable<FusionContract['candidates']>;
}

type Shaped = TensorInfo & { readonly shape: readonly Dimension[] };

/**
 * Holds an early-fusion manifest against its network.
 * @throws ManifestError with every tensor that does not fit.
 */
export function checkFusion(manifest: EarlyFusionManifest, graph: GraphIO): FusionContract {
  const faults = new GraphFaults();
  const inputs = checkInputs(manifest, graph, faults);
  const outputs = checkOutputs(manifest, graph, faults);
  faults.throwIfAny(`Model ${manifest.name} does not fit its ONNX file`);
  if (inputs === undefined || outputs === undefined)
    throw new ManifestError(`Model ${manifest.name} does not fit its ONNX file`);
  const { prompt, image } = inputs;
  const batched = [prompt ?? image, outputs.masks, ...(outputs.iou ? [outputs.iou] : [])];
  return {
    inputs: { image: image.name, ...(prompt ? { prompt: prompt.name } : {}) },
    outputs: { masks: outputs.masks.name, ...(outputs.iou ? { iou: outputs.iou.name } : {}) },
    grid: outputs.grid,
    candidates: outputs.candidates,
    batch: batched.every(({ shape }) => !isFixed(shape[0])) ? 'free' : 1,
  };
}

function checkInputs(
  { encoder, image, prompt }: EarlyFusionManifest,
  { inputs }: GraphIO,
  faults: GraphFaults,
): { image: Shaped; prompt?: Shaped } | undefined {
  const [width, height] = image.size;
  const channels = prompt.channels.length;
  const check = (
    tensor: TensorInfo | undefined,
    name: string,
    depth: number,
    lead: string,
  ): tensor is Shaped =>
    faults.fits(tensor, {
      where: `${encoder.file}: input ${tensor?.name ?? name}`,
      types: ['float32'],
      shape: [1, depth, height, width],
      shapeText: `[${lead},${depth},${height},${width}]`,
    });
  if (inputs.length > 2 || inputs.length === 0) {
    faults.add(`${encoder.file}: inputs`, 'image and prompt, or one of both', names(inputs));
    return undefined;
  }
  if (inputs.length === 1) {
    const [both] = inputs;
    return check(both, 'image', 3 + channels, 'B') ? { image: both } : undefined;
  }
  const drawn = inputs.find(({ name }) => name === 'prompt');
  const picture = inputs.find((tensor) => tensor !== drawn);
  const pictureFits = check(picture, 'image', 3, '1');
  const drawnFits = check(drawn, 'prompt', channels, 'B');
  return pictureFits && drawnFits ? { image: picture, prompt: drawn } : undefined;
}

interface Outputs {
  readonly masks: Shaped;
  readonly iou?: Shaped;
  readonly grid: FusionContract['grid'];
  readonly candidates: FusionContract['candidates'];
}

function checkOutputs(
  { encoder, mask }: EarlyFusionManifest,
  { outputs }: GraphIO,
  faults: GraphFaults,
): Outputs | undefined {
  const masks = outputs.find(({ name }) => name === 'masks' || name === 'low_res_masks');
  const where = `${encoder.file}: output ${masks?.name ?? 'masks'}`;
  const wanted = Math.max(...mask.multi, typeof mask.single === 'number' ? mask.single : 0) + 1;
  const shapeText = '[B,candidates,H,W]';
  if (!faults.fits(masks, { where, types: ['float32'], shape: [1, null, null, null], shapeText }))
    return undefined;
  const [, planes, height, width] = masks.shape;
  const candidates = isFixed(planes) ? planes : null;
  const grid = isFixed(height) && isFixed(width) ? { width, height } : null;
  if (candidates !== null && candidates < wanted)
    faults.add(
      where,
      `at least the ${wanted} candidates that mask.single and mask.multi name`,
      `${candidates}`,
    );
  const iou = outputs.find(({ name }) => name === 'iou_predictions' || name === 'scores');
  if (iou === undefined) {
    if (typeof mask.single !== 'number')
      faults.add(
        `${encoder.file}: output iou_predictions`,
        `[B,${candidates ?? 'candidates'}], because mask.single is ${mask.single}; or a candidate's index there`,
        'no such tensor',
      );
    return { masks, grid, candidates };
  }
  const rule = {
    where: `${encoder.file}: output ${iou.name}`,
    types: ['float32'],
    shapeText: `[B,${candidates ?? 'candidates'}]`,
  };
  if (!faults.fits(iou, { ...rule, shape: [1, candidates] })) return undefined;
  return { masks, iou, grid, candidates };
}

function names(tensors: readonly TensorInfo[]): string {
  return tensors.length === 0 ? 'none' : tensors.map((tensor) => tensor.name).join(', ');
}
