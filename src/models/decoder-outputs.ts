import { describeTensor, type GraphIO, isFixed, type TensorInfo } from './contract.js';
import { ORIG_SIZES } from './decoder-roles.js';
import type { GraphFaults } from './graph-faults.js';

const IOU = ['iou_predictions', 'scores', 'iou_scores'];
const LOGITS = ['low_res_masks', 'pred_masks'];

/** A decoder's outputs by role; families give them different names and orders. */
export interface DecoderOutputs {
  readonly lowRes: TensorInfo;
  readonly iou: TensorInfo;
  readonly full?: TensorInfo;
  /** Undefined where the file leaves the number of candidates open. */
  readonly candidates: number | undefined;
}

interface Search {
  readonly file: string;
  readonly decoder: GraphIO;
  /** Rank of the coordinates; the outputs have one leading dimension more where it is 4. */
  readonly rank: 3 | 4;
  readonly faults: GraphFaults;
}

/** Finds logits, scores and, where there are any, full-size masks; undefined when a fault was noted. */
export function findOutputs(search: Search): DecoderOutputs | undefined {
  const { file, decoder, rank, faults } = search;
  const lead = rank === 4 ? [1] : [];
  const text = rank === 4 ? '[1,B' : '[B';
  const iou = iouOf(decoder);
  const found = findLogits(decoder, iou);
  if (found === undefined) {
    const names = decoder.outputs.map((tensor) => `${tensor.name} ${describeTensor(tensor)}`).join('; ');
    faults.add(`${file}: outputs`, 'low-resolution logits (low_res_masks, or masks)', names);
    return undefined;
  }
  const scores = iou && candidatesIn(iou, lead.length + 2, lead.length);
  const logits = candidatesIn(found.lowRes, lead.length + 4, lead.length);
  const candidates = logits ?? scores;
  const iouFits = fitsOrUndeclared(faults, iou, {
    where: `${file}: output ${iou?.name ?? IOU[0]}`,
    types: ['float32'],
    shape: [...lead, null, candidates ?? null],
    shapeText: `${text},${candidates ?? 'candidates'}]`,
  });
  // EfficientSAM's exporter leaves the leading 1 of everything else out here.
  const bare = found.lowRes.shape?.length === 4;
  const lowResFits = fitsOrUndeclared(faults, found.lowRes, {
    where: `${file}: output ${found.lowRes.name}`,
    types: ['float32'],
    shape: [...(bare ? [] : lead), null, null, null, null],
    shapeText: `${bare ? '[B' : text},${candidates ?? 'candidates'},H,W]`,
  });
  if (!iouFits || !lowResFits || iou === undefined) return undefined;
  return { ...found, iou, candidates };
}

/** The names of the outputs that Samwire asks for; undefined where one of them can't be told. */
export function wantedOutputs(
  decoder: GraphIO,
): { readonly lowRes: string; readonly iou: string } | undefined {
  const iou = iouOf(decoder);
  const found = findLogits(decoder, iou);
  return iou && found && { lowRes: found.lowRes.name, iou: iou.name };
}

/** How many candidates the file itself says that the decoder gives; undefined where it leaves that open. */
export function declaredCandidates(decoder: GraphIO): number | undefined {
  const iou = iouOf(decoder);
  const logits = findLogits(decoder, iou)?.lowRes;
  // [..., candidates, H, W] and [..., candidates], whatever leads.
  return [logits?.shape?.at(-3), iou?.shape?.at(-1)].find(isFixed);
}

/** The output that predicts the masks' IoU. */
export function findIou(names: readonly string[]): string | undefined {
  return names.find((name) => IOU.includes(name));
}

function iouOf(decoder: GraphIO): TensorInfo | undefined {
  const name = findIou(decoder.outputs.map((tensor) => tensor.name));
  return decoder.outputs.find((tensor) => tensor.name === name);
}

/**
 * `low_res_masks` (`pred_masks` of `transformers`) where there is such an output. `masks` means full-size masks beside it, or in a graph that asks for
 * the picture's size (SAM), but low-resolution logits by themselves (EdgeSAM, EfficientViT-SAM). EfficientSAM's
 * exporter names its logits automatically, beside `output_masks` or, in a mended graph, alone.
 */
function findLogits(
  decoder: GraphIO,
  iou: TensorInfo | undefined,
): Pick<DecoderOutputs, 'lowRes' | 'full'> | undefined {
  const byName = (name: string): TensorInfo | undefined =>
    decoder.outputs.find((tensor) => tensor.name === name);
  const lowRes = decoder.outputs.find((tensor) => LOGITS.includes(tensor.name));
  const full = byName('output_masks') ?? byName('masks');
  if (lowRes) return full ? { lowRes, full } : { lowRes };
  const asksForSize = decoder.inputs.some((tensor) => ORIG_SIZES.includes(tensor.name));
  if (!asksForSize) return full && { lowRes: full };
  const unnamed = decoder.outputs.filter((tensor) => tensor !== iou && tensor !== full);
  const [only, ...others] = unnamed;
  if (only === undefined || others.length > 0) return undefined;
  return full ? { lowRes: only, full } : { lowRes: only };
}

/** Exporters leave the shapes of outputs out; then the first run shows them. */
function fitsOrUndeclared(
  faults: GraphFaults,
  tensor: TensorInfo | undefined,
  rule: Parameters<GraphFaults['fits']>[1],
): boolean {
  const undeclared = tensor !== undefined && (tensor.shape === null || tensor.shape.length === 0);
  if (undeclared && rule.types.includes(tensor.type)) return true;
  return faults.fits(tensor, rule);
}

/** Scores are [B, candidates], logits [B, candidates, H, W], each with one leading dimension more at rank 4. */
function candidatesIn(tensor: TensorInfo, rank: number, lead: number): number | undefined {
  if (tensor.shape?.length !== rank) return undefined;
  const length = tensor.shape[lead + 1];
  return isFixed(length) ? length : undefined;
}
