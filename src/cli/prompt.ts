import { randomBytes } from 'node:crypto';
import { SamwireClient } from '../client/client.js';
import { ClientError } from '../client/errors.js';
import { brokerUrl } from '../config/addresses.js';
import { loadConfig } from '../config/load.js';
import { NAME } from '../config/names.js';
import { ConfigSchema } from '../config/schema.js';
import { UnavailableError } from '../errors.js';
import { createLogger } from '../log.js';
import type { MasksMessage } from '../masks/types.js';
import type { MqttOptions } from '../mqtt/options.js';
import type { ErrorMessage } from '../mqtt/topics.js';
import { maskTyped } from '../secrets.js';
import { EXIT } from './exit.js';
import { type FollowOptions, followPrompt } from './follow.js';
import { interruptible } from './interrupt.js';

export interface PromptCommand {
  readonly config?: string;
  readonly broker?: string;
  readonly node?: string;
  readonly camera: string;
  readonly box: readonly string[];
  readonly point: readonly string[];
  /** Seconds. */
  readonly timeout: number;
  readonly track?: boolean;
  readonly json?: boolean;
  readonly logLevel: string | undefined;
}

interface Prompt {
  readonly id: string;
  readonly box?: [number, number, number, number];
  readonly points?: { x: number; y: number; label: 0 | 1 }[];
}

/**
 * `samwire prompt`: one prompt message. The points make one prompt, together with the box where there is just one; more
 * boxes are a prompt each.
 */
export async function promptCommand(command: PromptCommand): Promise<number> {
  const usage = (text: string): number => {
    process.stderr.write(`samwire: ${text}\n`);
    return EXIT.usage;
  };
  if (!NAME.test(command.camera))
    return usage(`expected --camera to be a camera's name, got "${command.camera}"`);
  const prompts = readPrompts(command);
  if (typeof prompts === 'string') return usage(prompts);
  const target = targetOf(command);
  if (typeof target === 'string') return usage(target);
  const logger = createLogger({ level: command.logLevel ?? 'error', pretty: process.stderr.isTTY });
  const client = new SamwireClient(target.mqtt, { node: target.nodeId, logger });
  try {
    if (command.track) return await track(command, prompts, { ...target, client, logger });
    const masks = await client.prompt(command.camera, { prompts }, { timeoutMs: command.timeout * 1000 });
    return print(masks, command.json ?? false);
  } catch (error) {
    if (error instanceof ClientError && error.answer) return print(error.answer, command.json ?? false);
    if (error instanceof ClientError) throw new UnavailableError(error.message, { cause: error });
    throw error;
  } finally {
    await client.close();
  }
}

interface TrackTarget extends Pick<FollowOptions, 'mqtt' | 'nodeId' | 'logger'> {
  readonly client: SamwireClient;
}

/** Prints the answer, and what becomes of its objects until Ctrl-C, which lets go of them. */
async function track(
  { camera, timeout, json = false }: PromptCommand,
  prompts: readonly Prompt[],
  { client, ...target }: TrackTarget,
): Promise<number> {
  // Ids of this run's own: another's would take its tracks over.
  const run = randomBytes(2).toString('hex');
  const named = prompts.map((prompt) => ({ ...prompt, id: `${prompt.id}-${run}` }));
  let code: number = EXIT.failed;
  await interruptible((signal) =>
    followPrompt({
      ...target,
      camera,
      signal,
      ask: async () => {
        const answer = await client.prompt(
          camera,
          { prompts: named, track: true },
          { timeoutMs: timeout * 1000, signal },
        );
        code = print(answer, json);
        return answer;
      },
      onMasks: (message) => write(json ? JSON.stringify(message) : lineOf(message)),
    }),
  );
  return code;
}

/** `seq 159  box-1-3f2a [1019,162,1234,368]` */
function lineOf({ frame, masks, ended = [] }: MasksMessage): string {
  const places = masks.flatMap((mask) =>
    'error' in mask ? [] : [`${mask.id} ${mask.box ? JSON.stringify(mask.box) : mask.track?.state}`],
  );
  const ends = ended.map(({ id, reason }) => `${id} ended: ${reason}`);
  return [`seq ${frame.seq}`, ...places, ...ends].join('  ');
}

/** Numbers of `--box` and `--point`, or what is wrong with them. */
function readPrompts({ box, point }: PromptCommand): Prompt[] | string {
  if (box.length + point.length === 0)
    return 'expected at least one --box x1,y1,x2,y2 or --point x,y[,label], got none';
  const boxes: NonNullable<Prompt['box']>[] = [];
  for (const text of box) {
    const [x1 = Number.NaN, y1 = Number.NaN, x2 = Number.NaN, y2 = Number.NaN, ...rest] = numbersOf(text);
    if (![x1, y1, x2, y2].every(Number.isFinite) || rest.length > 0)
      return `expected --box x1,y1,x2,y2 in pixels, got "${text}"`;
    boxes.push([x1, y1, x2, y2]);
  }
  const points: NonNullable<Prompt['points']> = [];
  for (const text of point) {
    const [x = Number.NaN, y = Number.NaN, label = 1, ...rest] = numbersOf(text);
    if (![x, y].every(Number.isFinite) || ![0, 1].includes(label) || rest.length > 0)
      return `expected --point x,y or x,y,label with label 1 (foreground) or 0 (background), got "${text}"`;
    points.push({ x, y, label: label === 0 ? 0 : 1 });
  }
  if (points.length === 0) return boxes.map((corners, i) => ({ id: `box-${i + 1}`, box: corners }));
  const [only] = boxes;
  if (boxes.length === 1 && only) return [{ id: 'prompt-1', box: only, points }];
  return [...boxes.map((corners, i) => ({ id: `box-${i + 1}`, box: corners })), { id: 'points-1', points }];
}

/** `NaN` where there is no number; `Number('')` would be 0. */
function numbersOf(text: string): number[] {
  return text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
}

/** The broker and node: those of the config, or of `--broker` and `--node`. */
function targetOf(command: PromptCommand): { mqtt: MqttOptions; nodeId: string } | string {
  if (command.broker === undefined && command.node === undefined) {
    const { config } = loadConfig(command.config);
    return { mqtt: config.mqtt, nodeId: config.node.id };
  }
  if (command.config !== undefined) return 'expected either --config, or --broker with --node, got both';
  if (command.broker === undefined || command.node === undefined)
    return 'expected --broker together with --node, got one of them';
  const url = brokerUrl.safeParse(command.broker);
  if (!url.success)
    return `expected --broker mqtt://host[:port] (or mqtts, ws, wss), got "${maskTyped(command.broker)}": ${url.error.issues[0]?.message}`;
  const config = ConfigSchema.safeParse({ version: 1, node: { id: command.node }, mqtt: { url: url.data } });
  if (!config.success) return `expected --node to be a node's id, got "${command.node}"`;
  return { mqtt: config.data.mqtt, nodeId: command.node };
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

function print(message: MasksMessage | ErrorMessage, json: boolean): number {
  if (json) write(JSON.stringify(message));
  else write(JSON.stringify(message, null, 2));
  const answered = 'masks' in message && message.masks.some((mask) => !('error' in mask));
  return answered ? EXIT.done : EXIT.failed;
}
