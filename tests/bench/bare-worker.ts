import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';

/** Where a bare run's milliseconds went. */
export interface BareTimes {
  readonly encodeMs: number;
  readonly decodeMs: number;
}

export interface BareRun {
  readonly prompts: number;
  /** Prompts of one decoder run at most, as the service splits them. */
  readonly chunk: number;
}

export interface BareModel {
  readonly dir: string;
  readonly threads: number;
}

/** The session options of src/segment/onnx, which is what makes the comparison one of the same runs. */
async function load(file: string, { dir, threads }: BareModel): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(`${dir}/${file}`, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
}

function shapeOf(session: ort.InferenceSession, name: string): number[] {
  const found = session.inputMetadata.find((input) => input.name === name);
  if (!found?.isTensor) throw new Error(`Expected a tensor input ${name}`);
  return found.shape.map((size) => (typeof size === 'number' ? size : 1));
}

function boxes(batch: number, frame: number): Float32Array {
  return Float32Array.from(
    { length: batch * 4 },
    (_, i) => frame * (i % 4 < 2 ? 0.3 : 0.6) + Math.floor(i / 4),
  );
}

async function serve(model: BareModel): Promise<void> {
  const encoder = await load('encoder.onnx', model);
  const decoder = await load('decoder.onnx', model);
  const imageShape = shapeOf(encoder, 'image');
  const [, , maskSide = 256] = shapeOf(decoder, 'mask_input');
  const pixels = new Float32Array(imageShape.reduce((a, b) => a * b)).map((_, i) => Math.sin(i / 997) * 2);
  const image = new ort.Tensor('float32', pixels, imageShape);

  const decodeInputs = (batch: number): Record<string, ort.Tensor> => ({
    point_coords: new ort.Tensor('float32', boxes(batch, imageShape[2] ?? 1024), [batch, 2, 2]),
    point_labels: new ort.Tensor(
      'float32',
      Float32Array.from({ length: batch * 2 }, (_, i) => 2 + (i % 2)),
      [batch, 2],
    ),
    mask_input: new ort.Tensor('float32', new Float32Array(batch * maskSide ** 2), [
      batch,
      1,
      maskSide,
      maskSide,
    ]),
    has_mask_input: new ort.Tensor('float32', new Float32Array(batch), [batch]),
  });

  parentPort?.on('message', async ({ prompts, chunk }: BareRun) => {
    const batches = Array.from({ length: Math.ceil(prompts / chunk) }, (_, i) =>
      Math.min(chunk, prompts - i * chunk),
    );
    const inputs = batches.map(decodeInputs);
    const startedAt = performance.now();
    const embeddings = (await encoder.run({ image })).image_embeddings;
    const encodedAt = performance.now();
    if (!embeddings) throw new Error('Expected an output image_embeddings');
    for (const feeds of inputs) {
      await decoder.run({ ...feeds, image_embeddings: embeddings }, ['low_res_masks', 'iou_predictions']);
    }
    const times: BareTimes = { encodeMs: encodedAt - startedAt, decodeMs: performance.now() - encodedAt };
    parentPort?.postMessage(times);
  });
  parentPort?.postMessage('ready');
}

await serve(workerData as BareModel);
