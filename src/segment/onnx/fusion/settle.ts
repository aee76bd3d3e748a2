import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { FusionContract, SettledFusionContract } from '../../../models/check-fusion.js';
import { type EarlyFusionManifest, ManifestError } from '../../../models/manifest.js';
import { runGraph } from '../model.js';

/**
 * Learns from one run of an empty prompt what the file leaves open: the logits' grid and candidates.
 * @throws ManifestError where they don't fit the manifest, SamwireError `model_failed` where the run fails.
 */
export async function settleFusion(
  session: InferenceSession,
  contract: FusionContract,
  { name, image, prompt, mask, encoder }: EarlyFusionManifest,
): Promise<SettledFusionContract> {
  const { grid, candidates, inputs, outputs } = contract;
  if (grid !== null && candidates !== null) return { ...contract, grid, candidates };
  const [width, height] = image.size;
  const zeros = (channels: number): Tensor =>
    new Tensor('float32', new Float32Array(channels * width * height), [1, channels, height, width]);
  const drawn = prompt.channels.length;
  const feeds =
    inputs.prompt === undefined
      ? { [inputs.image]: zeros(3 + drawn) }
      : { [inputs.image]: zeros(3), [inputs.prompt]: zeros(drawn) };
  const { [outputs.masks]: masks } = await runGraph(session, feeds, [outputs.masks]);
  const [rows, planes = 0, down = 0, across = 0] = masks?.dims ?? [];
  const wanted = Math.max(...mask.multi, typeof mask.single === 'number' ? mask.single : 0) + 1;
  if (rows !== 1 || planes < wanted || down < 1 || across < 1)
    throw new ManifestError(
      `Model ${name} does not fit its ONNX file: ${encoder.file}: output ${outputs.masks}: expected [1,C,h,w] with at ` +
        `least the ${wanted} candidates that mask.single and mask.multi name, found [${masks?.dims.join(',') ?? ''}]`,
    );
  return { ...contract, grid: { width: across, height: down }, candidates: planes };
}
