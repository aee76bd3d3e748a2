import {
  type DecoderContract,
  type Dimension,
  type GraphIO,
  isFixed,
  type LabelsType,
  type OrigSizeType,
  type TensorInfo,
} from './contract.js';
import { type DecoderOutputs, findOutputs } from './decoder-outputs.js';
import { COORDS, EMBEDDINGS, HAS_MASK_INPUTS, LABELS, MASK_INPUTS, ORIG_SIZES } from './decoder-roles.js';
import type { GraphFaults } from './graph-faults.js';
import type { Manifest } from './manifest.js';

const LABEL_TYPES: readonly LabelsType[] = ['float32', 'int32', 'int64'];
const SIZE_TYPES: readonly OrigSizeType[] = ['float32', 'int32', 'int64'];

interface DecoderCheck {
  readonly manifest: Manifest;
  readonly decoder: GraphIO;
  /** The encoder's; undefined when the encoder has faults of its own. */
  readonly embedding: readonly [number, number, number] | undefined;
  readonly faults: GraphFaults;
}

type Shaped = TensorInfo & { readonly shape: readonly Dimension[] };

interface Points {
  readonly coords: Shaped;
  readonly labels: Shaped;
  readonly rank: 3 | 4;
}

interface MaskInputs {
  readonly maskInput: Shaped;
  readonly hasMaskInput?: Shaped;
}

/** The decoder half of `checkGraph`; undefined when a fault was noted. */
export function checkDecoder(check: DecoderCheck): DecoderContract | undefined {
  const { manifest, decoder, faults } = check;
  const { file } = manifest.decoder;
  const embeddings = checkEmbeddings(check);
  const points = checkPoints(check);
  const masks = checkMaskInputs(check);
  const origSize = checkOrigSize(check);
  if (points === undefined) return undefined;
  const outputs = findOutputs({ file, decoder, rank: points.rank, faults });
  if (embeddings === undefined || outputs === undefined || masks === null || origSize === null)
    return undefined;
  return assemble(check, { embeddings, points, masks, origSize, outputs });
}

function input(decoder: GraphIO, ...names: readonly string[]): TensorInfo | undefined {
  return decoder.inputs.find((tensor) => names.includes(tensor.name));
}

function checkEmbeddings({ manifest, decoder, embedding, faults }: DecoderCheck): Shaped | undefined {
  const tensor = input(decoder, ...EMBEDDINGS);
  const fits = faults.fits(tensor, {
    where: `${manifest.decoder.file}: input ${tensor?.name ?? EMBEDDINGS[0]}`,
    types: ['float32'],
    shape: [1, ...(embedding ?? [null, null, null])],
    shapeText: embedding === undefined ? '[1,C,H,W]' : `the encoder's [1,${embedding.join(',')}]`,
  });
  return fits ? tensor : undefined;
}

function checkPoints({ manifest, decoder, faults }: DecoderCheck): Points | undefined {
  const { file } = manifest.decoder;
  const coords = input(decoder, ...COORDS);
  const labels = input(decoder, ...LABELS);
  const rank = coords?.shape?.length === 4 ? 4 : 3;
  const lead = rank === 4 ? [1] : [];
  const text = rank === 4 ? '[1,B,N' : '[B,N';
  const batch = batchOf(coords, rank);
  const length = coords?.shape?.[rank - 2];
  const coordsFit = faults.fits(coords, {
    where: `${file}: input ${coords?.name ?? COORDS[0]}`,
    types: ['float32'],
    shape: [...lead, 1, null, 2],
    shapeText: `${text},2] with B free or 1`,
  });
  const labelsFit = faults.fits(labels, {
    where: `${file}: input ${labels?.name ?? LABELS[0]}`,
    types: LABEL_TYPES,
    shape: [...lead, isFixed(batch) ? batch : null, isFixed(length) ? length : null],
    shapeText: `${text}], as the coordinates`,
  });
  return coordsFit && labelsFit ? { coords, labels, rank } : undefined;
}

/** Undefined: the model takes no mask. Null: it does, and a fault was noted. */
function checkMaskInputs({ manifest, decoder, faults }: DecoderCheck): MaskInputs | undefined | null {
  const { file } = manifest.decoder;
  const maskInput = input(decoder, ...MASK_INPUTS);
  const hasMaskInput = input(decoder, ...HAS_MASK_INPUTS);
  if (maskInput === undefined && hasMaskInput === undefined) return undefined;
  const maskFits = faults.fits(maskInput, {
    where: `${file}: input ${maskInput?.name ?? MASK_INPUTS[0]}`,
    types: ['float32'],
    shape: [1, 1, null, null],
    shapeText: '[B,1,H,W] with B free or 1',
  });
  if (hasMaskInput === undefined) return maskFits ? { maskInput } : null;
  const flagFits = faults.fits(hasMaskInput, {
    where: `${file}: input ${hasMaskInput.name}`,
    types: ['float32'],
    shape: [1],
    shapeText: '[B] with B free or 1',
  });
  return maskFits && flagFits ? { maskInput, hasMaskInput } : null;
}

/** Undefined: the graph does not ask for the picture's size. Null: it does, and a fault was noted. */
function checkOrigSize({ manifest, decoder, faults }: DecoderCheck): Shaped | undefined | null {
  const tensor = input(decoder, ...ORIG_SIZES);
  if (tensor === undefined) return undefined;
  const where = `${manifest.decoder.file}: input ${tensor.name}`;
  const fits = faults.fits(tensor, { where, types: SIZE_TYPES, shape: [2], shapeText: '[2]' });
  return fits ? tensor : null;
}

interface Parts {
  readonly embeddings: Shaped;
  readonly points: Points;
  readonly masks: MaskInputs | undefined;
  readonly origSize: Shaped | undefined;
  readonly outputs: DecoderOutputs;
}

function assemble(check: DecoderCheck, parts: Parts): DecoderContract | undefined {
  const { points, masks, origSize, outputs } = parts;
  const grid = gridOf(check, parts);
  const candidates = candidatesOf(check, outputs);
  if (grid === undefined || candidates === undefined) return undefined;
  const batched = [points.coords, points.labels, outputs.iou].map((tensor) => batchOf(tensor, points.rank));
  const logits = outputs.lowRes.shape;
  const batch = [...batched, logits?.[logits.length - 4]].every((length) => !isFixed(length)) ? 'free' : 1;
  const maskBatched = masks ? [masks.maskInput, ...(masks.hasMaskInput ? [masks.hasMaskInput] : [])] : [];
  const maskBatch = batch === 'free' && maskBatched.every((tensor) => !isFixed(tensor.shape[0])) ? 'free' : 1;
  const length = points.coords.shape[points.rank - 2];
  const labelLength = points.labels.shape[points.rank - 2];
  const fixedPoints = isFixed(length) ? length : isFixed(labelLength) ? labelLength : undefined;
  return {
    inputs: {
      embeddings: parts.embeddings.name,
      coords: points.coords.name,
      labels: points.labels.name,
      ...(masks ? { maskInput: masks.maskInput.name } : {}),
      ...(masks?.hasMaskInput ? { hasMaskInput: masks.hasMaskInput.name } : {}),
      ...(origSize ? { origSize: origSize.name } : {}),
    },
    outputs: {
      lowRes: outputs.lowRes.name,
      iou: outputs.iou.name,
      ...(outputs.full ? { full: outputs.full.name } : {}),
    },
    grid,
    candidates,
    batch,
    maskBatch,
    points: fixedPoints ?? 'free',
    maxPoints: Math.min(check.manifest.prompt.maxPoints, fixedPoints ?? Number.POSITIVE_INFINITY),
    coordsRank: points.rank,
    labelsType: LABEL_TYPES.find((type) => type === points.labels.type) ?? 'float32',
    ...(origSize ? { origSizeType: SIZE_TYPES.find((type) => type === origSize.type) ?? 'float32' } : {}),
  };
}

function batchOf(tensor: TensorInfo | undefined, rank: 3 | 4): Dimension | undefined {
  return tensor?.shape?.[rank - 3];
}

/**
 * The logits' grid, from the logits; where the exporter left symbols there, from the mask input, which has the same
 * grid; else SAM's decoder enlarges the embedding four times.
 */
function gridOf(
  check: DecoderCheck,
  { embeddings, masks, outputs }: Parts,
): DecoderContract['grid'] | undefined {
  const { file } = check.manifest.decoder;
  const ofOutput = lastTwo(outputs.lowRes);
  const ofMask = masks && lastTwo(masks.maskInput);
  if (ofOutput && ofMask && (ofOutput.width !== ofMask.width || ofOutput.height !== ofMask.height)) {
    check.faults.add(
      `${file}: input ${masks.maskInput.name}`,
      `the grid of ${outputs.lowRes.name}, ${ofOutput.height}×${ofOutput.width}`,
      `${ofMask.height}×${ofMask.width}`,
    );
    return undefined;
  }
  const ofEmbedding = lastTwo(embeddings);
  const known = ofOutput ?? ofMask;
  if (known) return known;
  return ofEmbedding && { width: ofEmbedding.width * 4, height: ofEmbedding.height * 4 };
}

function lastTwo(tensor: TensorInfo): DecoderContract['grid'] | undefined {
  const [height, width] = tensor.shape?.slice(-2) ?? [];
  return isFixed(height) && isFixed(width) ? { width, height } : undefined;
}

function candidatesOf({ manifest, faults }: DecoderCheck, outputs: DecoderOutputs): number | undefined {
  const { single, multi } = manifest.mask;
  const needed = Math.max(...multi, typeof single === 'number' ? single : 0) + 1;
  if (outputs.candidates === undefined) return needed;
  if (needed <= outputs.candidates) return outputs.candidates;
  faults.add(
    `${manifest.decoder.file}: output ${outputs.lowRes.name}`,
    `at least ${needed} candidates, because the manifest's mask block names candidate ${needed - 1}`,
    `${outputs.candidates}`,
  );
  return undefined;
}
