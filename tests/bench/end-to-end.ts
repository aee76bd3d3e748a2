import { startBare } from './bare.js';
import type { BareTimes } from './bare-worker.js';
import { distribution, interleave, sleep } from './measure.js';
import { type BenchModel, nanosamShaped, samwireTiny } from './models.js';
import { type Limit, type Row, table } from './report.js';
import { type Answer, type Box, type Service, STAGES, startService } from './service.js';

/** Prompts of one decoder run in the service (src/segment/onnx/sam/decode.ts). */
const CHUNK = 8;
const THREADS = 2;
const FPS = 30;
/**
 * Before each turn of either side: longer than a frame, so that the newest one has not been encoded yet; and both sides
 * find threads and caches as cold as a pause leaves them.
 */
const PAUSE_MS = 2000 / FPS;

interface Case {
  readonly model: BenchModel;
  readonly prompts: number;
  readonly rounds: number;
  /** Either a ratio to bare, or milliseconds above it. */
  readonly limit: { readonly ratio: number } | { readonly extraMs: number };
}

/** A prompt, and the same network runs without Samwire round them. */
interface Turn {
  readonly totalMs: number;
  readonly detail: Answer | BareTimes;
}

export interface EndToEnd {
  readonly limits: Limit[];
  readonly results: unknown[];
}

/**
 * Frame taken by the service → masks at a subscriber on loopback, beside bare onnxruntime with the same graphs, threads
 * and options, in turns. The camera streams all the while, so both sides share the machine with it.
 */
export async function endToEnd(quick: boolean): Promise<EndToEnd> {
  const few = quick ? 0.3 : 1;
  const cases: Case[] = [
    { model: samwireTiny(), prompts: 1, rounds: Math.ceil(60 * few), limit: { extraMs: 8 } },
    { model: nanosamShaped(), prompts: 1, rounds: Math.ceil(20 * few), limit: { ratio: 1.05 } },
    { model: nanosamShaped(), prompts: 16, rounds: Math.ceil(10 * few), limit: { ratio: 1.05 } },
  ];
  const limits: Limit[] = [];
  const results: unknown[] = [];
  for (const one of cases) {
    const { limit, result } = await measure(one);
    limits.push(limit);
    results.push(result);
  }
  return { limits, results };
}

async function measure({ model, prompts, rounds, limit }: Case): Promise<{ limit: Limit; result: unknown }> {
  const bare = await startBare({ dir: model.dir, threads: THREADS });
  const service = await startService({ model, threads: THREADS, fps: FPS });
  try {
    const sides = {
      samwire: () => askOnce(service, gridOfBoxes(prompts)),
      bare: async (): Promise<Turn> => {
        await sleep(PAUSE_MS);
        const times = await bare.run({ prompts, chunk: CHUNK });
        return { totalMs: times.encodeMs + times.decodeMs, detail: times };
      },
    };
    const turns = await interleave(sides, { warmUp: 3, kept: rounds });
    return summarise({ model, prompts, rounds, limit }, turns);
  } finally {
    await service.close();
    await bare.close();
  }
}

async function askOnce(service: Service, boxes: readonly Box[]): Promise<Turn> {
  await sleep(PAUSE_MS);
  const answer = await service.prompt(boxes);
  if (answer.embeddingReused) throw new Error('Expected a frame of its own for each prompt message');
  return { totalMs: answer.frameToMasksMs, detail: answer };
}

function summarise(
  { model, prompts, limit }: Case,
  turns: { samwire: Turn[]; bare: Turn[] },
): { limit: Limit; result: unknown } {
  const samwire = distribution(turns.samwire.map((turn) => turn.totalMs));
  const bare = distribution(turns.bare.map((turn) => turn.totalMs));
  const answers = turns.samwire.map((turn) => turn.detail as Answer);
  const bareTimes = turns.bare.map((turn) => turn.detail as BareTimes);
  const medianOf = (values: number[]): number => distribution(values).median;
  const bareStage: Record<string, number> = {
    encodeMs: medianOf(bareTimes.map((times) => times.encodeMs)),
    decodeMs: medianOf(bareTimes.map((times) => times.decodeMs)),
  };
  // `ageMs` is the frame's waiting before it was taken, and no part of the way.
  const stages: Row[] = STAGES.filter((stage) => stage !== 'ageMs').map((stage) =>
    stageRow(
      stage,
      answers.map((answer) => answer.stages[stage]),
      samwire.median,
      bareStage[stage],
    ),
  );
  stages.push(
    stageRow(
      'broker and subscriber',
      answers.map((answer) => answer.transitMs),
      samwire.median,
    ),
  );
  // Each round's two turns are neighbours in time: what else the machine does drops out of their difference.
  const pairs = turns.samwire.map((turn, i) => [turn.totalMs, turns.bare[i]?.totalMs ?? Number.NaN] as const);
  const extraMs = medianOf(pairs.map(([whole, network]) => whole - network));
  const ratio = medianOf(pairs.map(([whole, network]) => whole / network));
  const outsideMs = medianOf(
    answers.map((answer) => answer.frameToMasksMs - answer.stages.encodeMs - answer.stages.decodeMs),
  );

  console.log(
    `\n${model.name}, ${prompts} prompt${prompts === 1 ? '' : 's'}, ${samwire.count} rounds each, in turns (ms)`,
  );
  console.log(
    table([
      { side: 'frame taken → masks received', median: samwire.median, p10: samwire.p10, p90: samwire.p90 },
      { side: 'bare onnxruntime', median: bare.median, p10: bare.p10, p90: bare.p90 },
    ]),
  );
  console.log(
    `median of the rounds: ${ratio.toFixed(3)} × bare, ${extraMs.toFixed(1)} ms more; outside the network ${outsideMs.toFixed(1)} ms`,
  );
  console.log(table(stages));
  const what = `${model.name}, ${prompts} prompt${prompts === 1 ? '' : 's'}`;
  return {
    limit:
      'ratio' in limit
        ? { what: `${what}: frame → masks over bare`, measured: ratio, limit: limit.ratio, unit: '×' }
        : { what: `${what}: frame → masks minus bare`, measured: extraMs, limit: limit.extraMs, unit: 'ms' },
    result: {
      model: model.name,
      prompts,
      samwire,
      bare,
      ratio,
      extraMs,
      outsideMs,
      roundTripMs: distribution(answers.map((answer) => answer.roundTripMs)),
      messageBytes: medianOf(answers.map((answer) => answer.bytes)),
      stages,
    },
  };
}

function stageRow(stage: string, values: number[], total: number, bare?: number): Row {
  const { median, p10, p90 } = distribution(values);
  const share = `${((100 * median) / total).toFixed(1)} %`;
  return { stage, median, p10, p90, share, ...(bare === undefined ? {} : { bare }) };
}

/** Boxes spread over a 1080p frame, each an eighth of its width. */
function gridOfBoxes(count: number): Box[] {
  const columns = Math.ceil(Math.sqrt(count));
  return Array.from({ length: count }, (_, i) => {
    const x = 60 + ((i % columns) * 1500) / columns;
    const y = 60 + (Math.floor(i / columns) * 800) / columns;
    return [x, y, x + 240, y + 200];
  });
}
