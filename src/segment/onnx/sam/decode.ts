import { Tensor } from 'onnxruntime-node';
import { SamwireError } from '../../../errors.js';
import type { DecoderContract } from '../../../models/contract.js';
import type { NativeAddon } from '../../../native/types.js';
import type { PromptGroup } from '../../../prompts/decoder-inputs.js';
import { type DecoderRun, decoderRuns, LOGITS_KEPT } from '../../decoder-runs.js';
import { Recent } from '../../recent.js';
import type { SegmentPrompt, SegmentRequest } from '../../segmenter.js';
import type { Decoded } from '../answer.js';
import { type OnnxModel, runGraph } from '../model.js';

/**
 * Prompts in one decoder run. On two CPU cores a bigger batch gains nothing beyond this (samwire-tiny: 4, NanoSAM: 8),
 * and costs 20 to 40 MB a prompt.
 */
export const CHUNK = 8;

export interface DecodeRequest {
  /** What the encoder made of the frame, by the decoder's input. */
  readonly encoded: Readonly<Record<string, Tensor>>;
  readonly frame: SegmentRequest['frame'];
  readonly prompts: readonly SegmentPrompt[];
}

/** Turns prompts into candidate logits, as many in one run as the graph takes. */
export class Decoder {
  readonly #model: OnnxModel;
  readonly #addon: Pick<NativeAddon, 'rleToLogits'>;
  readonly #kept = new Recent<string, Float32Array>(LOGITS_KEPT);
  /** Inputs of prompts without a mask are all zeros: one pair for each batch size. */
  readonly #noMask = new Map<number, Record<string, Tensor>>();

  constructor(model: OnnxModel, addon: Pick<NativeAddon, 'rleToLogits'>) {
    this.#model = model;
    this.#addon = addon;
  }

  /** `answers[i]` belongs to `prompts[i]`. */
  async decode({ encoded, frame, prompts }: DecodeRequest): Promise<(Decoded | SamwireError)[]> {
    const { runs, failed } = decoderRuns({
      prompts,
      frame,
      model: this.#model,
      addon: this.#addon,
      maxBatch: CHUNK,
      kept: ({ frameId, maskId }) => this.#kept.get(`${frameId}/${maskId}`),
    });
    const answers: (Decoded | SamwireError)[] = new Array(prompts.length);
    for (const [index, error] of failed) answers[index] = error;
    for (const run of runs) {
      const decoded = await this.#run(encoded, run, frame);
      for (const [row, index] of run.members.entries()) answers[index] = decoded[row] as Decoded;
    }
    return answers;
  }

  /** Keeps an answer's logits, within the manifest's `refineClamp`, so that a later prompt on the same frame can refine it. */
  keep(frameId: number, maskId: string, logits: Float32Array): void {
    const { contract, manifest } = this.#model;
    if (contract.decoder.inputs.maskInput === undefined) return;
    const most = manifest.mask.refineClamp;
    const kept =
      most === undefined ? logits.slice() : logits.map((logit) => Math.min(most, Math.max(-most, logit)));
    this.#kept.set(`${frameId}/${maskId}`, kept);
  }

  async #run(
    encoded: DecodeRequest['encoded'],
    { group, starts }: DecoderRun<Float32Array>,
    frame: SegmentRequest['frame'],
  ): Promise<Decoded[]> {
    const { decoder } = this.#model.contract;
    const batch = group.promptIndices.length;
    const feeds: Record<string, Tensor> = {
      ...encoded,
      ...pointTensors(decoder, group, batch),
      ...this.#maskTensors(starts),
      ...sizeTensor(decoder, frame),
    };
    const outputs = await runGraph(this.#model.decoder, feeds, [decoder.outputs.lowRes, decoder.outputs.iou]);
    const logits = floats(outputs[decoder.outputs.lowRes], decoder.outputs.lowRes);
    const iou = floats(outputs[decoder.outputs.iou], decoder.outputs.iou);
    const plane = decoder.grid.width * decoder.grid.height;
    const candidates = iou.length / batch;
    if (logits.length !== batch * candidates * plane)
      throw new SamwireError(
        'model_failed',
        `The decoder gave ${logits.length} logits for ${batch} prompts of ${candidates} candidates; expected ${batch * candidates * plane} on a grid of ${decoder.grid.height}×${decoder.grid.width}.`,
      );
    return Array.from({ length: batch }, (_, row) => ({
      n: group.n,
      logits: logits.subarray(row * candidates * plane, (row + 1) * candidates * plane),
      iou: iou.subarray(row * candidates, (row + 1) * candidates),
    }));
  }

  #maskTensors(starts: readonly (Float32Array | undefined)[]): Record<string, Tensor> {
    const { inputs, grid, maskBatch } = this.#model.contract.decoder;
    if (inputs.maskInput === undefined) return {};
    const rows = maskBatch === 'free' ? starts.length : 1;
    const given = starts.some((start) => start !== undefined);
    const cached = given ? undefined : this.#noMask.get(rows);
    if (cached) return cached;
    const plane = grid.width * grid.height;
    const masks = new Float32Array(rows * plane);
    const has = new Float32Array(rows);
    for (const [row, start] of starts.slice(0, rows).entries()) {
      if (!start) continue;
      masks.set(start, row * plane);
      has[row] = 1;
    }
    const tensors = {
      [inputs.maskInput]: new Tensor('float32', masks, [rows, 1, grid.height, grid.width]),
      ...(inputs.hasMaskInput === undefined
        ? {}
        : { [inputs.hasMaskInput]: new Tensor('float32', has, [rows]) }),
    };
    if (!given) this.#noMask.set(rows, tensors);
    return tensors;
  }
}

function pointTensors(decoder: DecoderContract, group: PromptGroup, batch: number): Record<string, Tensor> {
  const lead = decoder.coordsRank === 4 ? [1] : [];
  const dims = [...lead, batch, group.n];
  const labels = group.labels;
  const labelTensor =
    decoder.labelsType === 'float32'
      ? new Tensor('float32', labels, dims)
      : decoder.labelsType === 'int32'
        ? new Tensor('int32', Int32Array.from(labels), dims)
        : new Tensor(
            'int64',
            BigInt64Array.from(labels, (label) => BigInt(label)),
            dims,
          );
  return {
    [decoder.inputs.coords]: new Tensor('float32', group.coords, [...dims, 2]),
    [decoder.inputs.labels]: labelTensor,
  };
}

function sizeTensor(
  { inputs, origSizeType }: DecoderContract,
  { width, height }: SegmentRequest['frame'],
): Record<string, Tensor> {
  if (inputs.origSize === undefined) return {};
  const tensor =
    origSizeType === 'int64'
      ? new Tensor('int64', BigInt64Array.of(BigInt(height), BigInt(width)), [2])
      : origSizeType === 'int32'
        ? new Tensor('int32', Int32Array.of(height, width), [2])
        : new Tensor('float32', Float32Array.of(height, width), [2]);
  return { [inputs.origSize]: tensor };
}

function floats(tensor: Tensor | undefined, name: string): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new SamwireError(
    'model_failed',
    `The decoder's ${name} is ${tensor?.type ?? 'missing'}; expected float32.`,
  );
}
