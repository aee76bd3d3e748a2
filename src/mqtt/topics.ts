/** Every topic of a node in one place, with what its payloads are (docs/mqtt.md). */
import { NAME, RESERVED_CAMERA_NAMES } from '../config/names.js';
import type { ErrorBody } from '../errors.js';
import type { CameraState } from '../frames/supervision.js';
import type { MasksMessage } from '../masks/types.js';

/** `<base>/state`. `offline` is the last will, which the broker publishes. */
export interface NodeStateMessage {
  readonly state: 'starting' | 'building' | 'online' | 'offline' | 'stopped';
  readonly version: string;
  readonly backend: string | null;
  readonly model: string | null;
  /** When the state began, ms since the Unix epoch; in the will, when the connection was made that it ends. */
  readonly since: number;
  /** 0..1, while building. */
  readonly progress?: number;
}

/** An errors topic. */
export interface ErrorMessage extends ErrorBody {
  readonly requestId?: string;
  readonly jobId?: string;
  readonly camera?: string;
}

/** `<base>/response/<verb>`. */
export interface ResponseMessage {
  readonly status: 'ok' | 'error';
  readonly transaction?: string;
  readonly data?: Record<string, unknown>;
  readonly error?: ErrorBody;
}

/** What a node publishes, by the name of the topic in {@link NodeTopics}. */
export interface PublishedPayloads {
  readonly state: NodeStateMessage;
  readonly cameraState: CameraState;
  readonly masks: MasksMessage;
  readonly errors: ErrorMessage;
  readonly response: ResponseMessage;
  readonly stats: Record<string, unknown>;
}

/** A topic that the node subscribes to, taken apart. */
export type InboundTopic =
  | { readonly kind: 'prompt'; readonly camera: string }
  | { readonly kind: 'detections'; readonly camera: string }
  | { readonly kind: 'request'; readonly verb: string }
  /** The node's own state: what it published itself, or another process with the same node id. */
  | { readonly kind: 'state' };

/** Levels that stand where a camera's name would. */
const RESERVED: readonly string[] = RESERVED_CAMERA_NAMES;

/** The topic that all nodes of a base topic share, taken together by those of a group. */
export function jobsTopic(baseTopic: string): string {
  return `${baseTopic}/jobs`;
}

/** Where a job is answered that names no response topic. */
export function jobAnswerTopic(baseTopic: string, jobId: string): string {
  return `${baseTopic}/job/${jobId}`;
}

export class NodeTopics {
  readonly base: string;

  constructor(baseTopic: string, nodeId: string) {
    this.base = `${baseTopic}/${nodeId}`;
  }

  get state(): string {
    return `${this.base}/state`;
  }

  get stats(): string {
    return `${this.base}/stats`;
  }

  cameraState(camera: string): string {
    return `${this.base}/${camera}/state`;
  }

  /** The camera whose state this topic is, or null. */
  cameraOfState(topic: string): string | null {
    const levels = topic.slice(this.base.length + 1).split('/');
    const isState = topic.startsWith(`${this.base}/`) && levels.length === 2 && levels[1] === 'state';
    return isState ? (levels[0] ?? null) : null;
  }

  prompt(camera: string): string {
    return `${this.base}/${camera}/prompt`;
  }

  detections(camera: string): string {
    return `${this.base}/${camera}/detections`;
  }

  /** What a camera sees now: a frame's name, or its JPEG. */
  frame(camera: string): string {
    return `${this.base}/${camera}/frame`;
  }

  masks(camera: string): string {
    return `${this.base}/${camera}/masks`;
  }

  /** PNGs of labels, one for each masks message. */
  labels(camera: string): string {
    return `${this.base}/${camera}/labels`;
  }

  /** Masks messages as ROS 2's Detection2DArray. */
  visionMsgs(camera: string): string {
    return `${this.base}/${camera}/vision_msgs`;
  }

  /** The camera's errors, or the node's where there is no such camera. */
  errors(camera: string | null): string {
    return camera === null ? `${this.base}/errors` : `${this.base}/${camera}/errors`;
  }

  request(verb: string): string {
    return `${this.base}/request/${verb}`;
  }

  response(verb: string): string {
    return `${this.base}/response/${verb}`;
  }

  /** Wildcards, so that a prompt for a camera that does not exist gets an answer too. */
  get requests(): readonly string[] {
    return [this.prompt('+'), this.request('+')];
  }

  /** All that the node subscribes to, its own state among them ({@link InboundTopic}). */
  get subscribed(): readonly string[] {
    return [this.state, ...this.requests, this.detections('+')];
  }

  /** Null for what the node has not subscribed to (a subscription that an older session left behind). */
  parse(topic: string): InboundTopic | null {
    if (!topic.startsWith(`${this.base}/`)) return null;
    if (topic === this.state) return { kind: 'state' };
    const levels = topic.slice(this.base.length + 1).split('/');
    const [first, second] = levels;
    if (levels.length !== 2 || first === undefined || second === undefined) return null;
    if (first === 'request') return { kind: 'request', verb: second };
    if ((second !== 'prompt' && second !== 'detections') || RESERVED.includes(first)) return null;
    return { kind: second, camera: first };
  }
}

/** A camera's name as an error may repeat it: undefined when it is no name at all. */
export function cameraNameOf(level: string): string | undefined {
  return NAME.test(level) ? level : undefined;
}

/** MQTT 5, 4.7: `+` stands for one level, `#` for the rest, the parent included; neither matches a leading `$`. */
export function matchesFilter(filter: string, topic: string): boolean {
  const pattern = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (pattern[0] === '+' || pattern[0] === '#')) return false;
  for (const [index, level] of pattern.entries()) {
    if (level === '#') return true;
    if (index >= levels.length) return false;
    if (level !== '+' && level !== levels[index]) return false;
  }
  return pattern.length === levels.length;
}

/** The filters without those whose every topic another one takes: a broker may deliver a message once for each. */
export function withoutCovered(filters: readonly string[]): readonly string[] {
  const all = [...new Set(filters)];
  return all.filter((filter) => !all.some((other) => other !== filter && covers(other, filter)));
}

function covers(wider: string, filter: string): boolean {
  const pattern = wider.split('/');
  const levels = filter.split('/');
  if (/^[$]/.test(filter) && !wider.startsWith('$')) return false;
  for (const [index, level] of pattern.entries()) {
    if (level === '#') return true;
    const other = levels[index];
    if (other === undefined || other === '#') return false;
    if (level !== '+' && level !== other) return false;
  }
  return pattern.length === levels.length;
}
