/**
 * What is opened and closed, one function a part; each lets go of all that it took before it resolves. Closed sometimes
 * at once, sometimes in the middle of work: `turn` chooses.
 */
import { once } from 'node:events';

const FRAME = { format: 'RGB', width: 160, height: 120, timestamp: 0 };
const PIXELS = new Uint8Array(FRAME.width * FRAME.height * 3).map((_, i) => (i * 31) % 251);
const BOX = { id: 'box', points: [], box: [10, 20, 120, 100], multimask: false };
/** Say what is wrong with them within seconds. */
const FAILING = [
  'file:///none/of/these.mp4',
  'gst://nosuchelement',
  'v4l2:///dev/video-none',
  'gst://fakesrc num-buffers=0',
];

/** Frames, parts of them, and promises that are pending when the last handle goes. */
async function frames({ addon }, turn) {
  const frame = addon.createFrame({ ...FRAME, data: PIXELS, seq: turn });
  const part = addon.cropFrame(frame.id, [3, 5, 90, 77]);
  addon.retainFrame(frame.id);
  const mask = addon.maskToRle(new Uint8Array(FRAME.width * FRAME.height).fill(1, 500, 900), 160, 120);
  const pending = [
    addon.scaledRgb(frame.id, 80, 60),
    addon.scaledRgb(part.id, 20, 15, new Uint8Array(900)),
    addon.paintLabels([{ counts: mask.counts, label: 7 }], 160, 120, turn % 2 === 0 ? 8 : 16),
  ];
  for (const id of [frame.id, frame.id, part.id]) addon.releaseFrame(id);
  await Promise.all(pending);
}

/** A camera, closed by `until`: `now`, at its first event of this kind, or at `any`; with a picture of it being made. */
function camera(addon, source, until, more = {}) {
  return new Promise((resolve, reject) => {
    let ended = false;
    const end = () => {
      ended = true;
      const held = native.acquire('latest');
      const reading = held ? addon.scaledRgb(held.id, 16, 12) : undefined;
      const closed = native.close();
      if (held) addon.releaseFrame(held.id);
      Promise.all([closed, reading]).then(() => resolve(), reject);
    };
    const native = addon.openCamera(
      {
        ...addon.cameraPipeline({ source, ...more }),
        historyMs: 100,
        historyBytes: 1e6,
        clockOffsetMs: 0,
        lastSeq: 0,
      },
      (event) => {
        if (!ended && (until === 'any' || event.type === until)) end();
      },
    );
    if (until === 'now') end();
  });
}

/** A test camera, a file and one that can't be opened, side by side. */
async function cameras({ addon, clip }, turn) {
  const small = { width: 64, height: 48, fps: 100 };
  await Promise.all([
    camera(addon, 'test://ball', turn % 3 === 0 ? 'now' : 'frame', small),
    camera(addon, `file://${clip}`, turn % 3 === 1 ? 'now' : 'frame'),
    camera(addon, FAILING[turn % FAILING.length], turn % 2 === 0 ? 'any' : 'now'),
  ]);
}

/** Engines on the double: one request answered, others pending while they close, and every fifth time a load that fails. */
async function tensorrt({ addon, engines }, turn) {
  if (turn % 5 === 0) {
    const wrong = { ...engines.options, encoderPlan: engines.requests[0].onnxPath };
    await addon.openTensorrt(engines.model, wrong).then(
      () => Promise.reject(new Error('Expected an ONNX file not to open as a plan')),
      () => undefined,
    );
  }
  const opened = await addon.openTensorrt(engines.model, engines.options);
  const group = { ...engines.group, coords: Float32Array.of(10, 10, 30, 20), labels: Float32Array.of(1, 1) };
  const { width, height } = engines.frame;
  const data = new Uint8Array(width * height).fill(90);
  const frame = addon.createFrame({ format: 'GRAY8', width, height, data, timestamp: 0, seq: turn });
  const ask = () => opened.segment(frame.id, engines.mask, [group]);
  await ask();
  const pending = [ask(), ask(), opened.memory()].map((asked) => asked.catch(() => undefined));
  addon.releaseFrame(frame.id);
  await opened.close();
  await Promise.all(pending);
}

/** The worker with onnxruntime: loaded, asked, closed; every fourth time while it loads or while it is at work. */
async function onnx({ addon, modules, log, model }, turn) {
  const giveUp = new AbortController();
  const opening = modules.backend.createOnnxSegmenter({ dir: model, threads: 1, log, signal: giveUp.signal });
  if (turn % 8 === 3) {
    giveUp.abort();
    await opening.catch(() => undefined);
    return;
  }
  const segmenter = await opening;
  const frame = addon.createFrame({ ...FRAME, data: PIXELS, seq: turn });
  const asked = segmenter.segment({ frame, prompts: [BOX] });
  if (turn % 8 !== 7) await asked;
  const settledAsk = asked.catch(() => undefined);
  await segmenter.close();
  await settledAsk;
  addon.releaseFrame(frame.id);
}

/** A child that builds an engine, while a camera runs: waited for, and every second time given up. */
async function build({ addon, modules, engines }, turn) {
  const giveUp = new AbortController();
  const task = { task: 'build', request: engines.requests[1] };
  const small = { width: 64, height: 48, fps: 100 };
  const running = camera(addon, 'test://ball', 'frame', small);
  const built = modules.runTask.runTask(task, modules.tasks.builtSchema, { signal: giveUp.signal });
  await running;
  if (turn % 2 === 1) giveUp.abort();
  await built.catch((error) => {
    if (!giveUp.signal.aborted) throw error;
  });
}

/** The whole node on a real broker, prompted; every second time it is closed before the answer. */
async function service({ modules, log, serviceConfig, client }, turn) {
  const { config } = modules.config.parseConfig(JSON.stringify(serviceConfig), '/service.yaml');
  const failed = (reason) => log.fatal(reason);
  const node = await modules.main.startService({ config, log, onFatal: failed });
  const front = node.cameras.get('front');
  while (!front.streaming) await front.nextFrame(1000);
  const enough = new AbortController();
  const answered = once(client, 'message', { signal: enough.signal });
  const prompt = { prompts: [{ id: 'a', box: [2, 2, 40, 40] }] };
  await client.publishAsync('samwire/n1/front/prompt', JSON.stringify(prompt));
  if (turn % 2 === 0) await answered;
  await node.close();
  enough.abort();
  await answered.catch(() => undefined);
}

export const PARTS = { frames, cameras, tensorrt, onnx, build, service };
