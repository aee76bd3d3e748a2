import type { SamwireError } from '../errors.js';
import type { CameraState } from '../frames/supervision.js';
import type { MasksMessage } from '../masks/types.js';
import { AccessWatch } from './access-watch.js';
import { fittedMasks } from './answers.js';
import type { LastWill } from './client-options.js';
import { BrokerConnection, type ConnectionStatus, Unacknowledged } from './connection.js';
import { type Counters, createCounters } from './counters.js';
import { DetectionsHandler, detectionFilters } from './detections.js';
import { DropLog } from './drop-log.js';
import type { Exchange, Target } from './exchange.js';
import { Gate, overloaded } from './gate.js';
import { Jobs } from './jobs/jobs.js';
import { LeftStates } from './left-states.js';
import { type InboundMessage, type OutboundMessage, packetOverheadBytes } from './messages.js';
import type { MqttNodeOptions, NodeClose, NodeState } from './node-options.js';
import { orAborted } from './or-aborted.js';
import { type DropReason, Outbox } from './outbox.js';
import { OwnState } from './own-state.js';
import { PacketLimit } from './packet-limit.js';
import { PromptHandler } from './prompts.js';
import { publicProperties } from './replies.js';
import { RequestHandler } from './requests.js';
import type { Session } from './session.js';
import { type InboundTopic, jobsTopic, type NodeStateMessage, NodeTopics, withoutCovered } from './topics.js';
import type { TraceContext } from './trace.js';

/** Answers owed to the broker while it is away: beyond either bound the oldest are dropped. */
const MAX_OWED_MESSAGES = 2000;
const MAX_OWED_BYTES = 64 * 1024 * 1024;
/** Messages at work at a time. Above the pipeline's own queue, which drops the oldest and tells its sender. */
const MAX_CONCURRENT = 512;
/** How long a message is held back when all places are taken, well below the keep-alive. */
const MAX_HELD_BACK_MS = 2000;
const CLOSE_TIMEOUT_MS = 3000;

/** A node on the broker: takes prompts and requests, owes answers, tells states and stats. */
export class MqttNode {
  readonly counters: Counters = createCounters();
  readonly topics: NodeTopics;
  readonly #options: MqttNodeOptions;
  readonly #connection: BrokerConnection;
  readonly #outbox: Outbox;
  readonly #gate: Gate;
  readonly #prompts: PromptHandler;
  readonly #requests: RequestHandler;
  readonly #jobs: Jobs | null;
  readonly #detections: DetectionsHandler;
  readonly #detectionFilters: readonly string[];
  readonly #ownState = new OwnState(Date.now());
  readonly #access: AccessWatch;
  readonly #leftStates: LeftStates;
  readonly #cameraStates = new Map<string, CameraState>();
  #state: NodeStateMessage;
  #session: Session | null = null;
  /** The subscriptions of this connection stand, and the states have been told on it. */
  #announced = false;
  /** Of the last connection, for what is made while there is none. */
  readonly #packetLimit: PacketLimit;
  #statsTimer: NodeJS.Timeout | null = null;
  /** Said once. */
  #statsTooLarge = false;
  #closing: Promise<void> | null = null;
  readonly #dropLog: DropLog;

  constructor(options: MqttNodeOptions) {
    const { mqtt, nodeId, version, service, logger, detections = new Map() } = options;
    this.#options = options;
    this.topics = new NodeTopics(mqtt.baseTopic, nodeId);
    this.#dropLog = new DropLog(logger);
    this.#leftStates = new LeftStates(this.topics, logger);
    this.#state = { state: 'starting', version, backend: null, model: null, since: Date.now() };
    this.#packetLimit = new PacketLimit((maxPacketBytes) =>
      logger.warn(
        { maxPacketBytes },
        'the broker ends the connection over larger packets, and did not tell: answers are made to fit; set mqtt.maxPacketBytes',
      ),
    );
    const onProblem = (problem: string): void => options.onBrokerProblem?.(problem);
    this.#access = new AccessWatch({ logger, topic: this.topics.state, onProblem });
    this.#gate = new Gate(options.maxConcurrent ?? MAX_CONCURRENT);
    this.#outbox = new Outbox({
      maxMessages: MAX_OWED_MESSAGES,
      maxBytes: MAX_OWED_BYTES,
      onDropped: (message, reason, cause) => this.#dropped(message, reason, cause),
    });
    for (const message of options.owed ?? []) this.#outbox.add(message);
    this.#detectionFilters = withoutCovered([this.topics.detections('+'), ...detectionFilters(detections)]);
    const exchange: Exchange = {
      topics: this.topics,
      service,
      counters: this.counters,
      logger,
      replyRules: {
        allowed: mqtt.responseTopics,
        subscriptions: [...this.topics.subscribed, ...this.#detectionFilters, jobsTopic(mqtt.baseTopic)],
      },
      maxMessageBytes: mqtt.maxPacketBytes,
      deliver: (message, options) => this.#outbox.add(message, options),
      onMasks: (...masks) => options.onMasks?.(...masks),
      onAnswer: (message) => options.onAnswer?.(message),
      onRefused: (refused) => options.onRefused?.(refused),
      reload: options.reload,
      maxPayloadBytes: (target) => this.maxPayloadBytes(target),
    };
    this.#prompts = new PromptHandler(exchange, { limits: options.limits, answerKeepMs: mqtt.answerKeepMs });
    this.#requests = new RequestHandler(exchange);
    this.#jobs = options.jobs ? new Jobs(exchange, { ...options, jobs: options.jobs }) : null;
    this.#detections = new DetectionsHandler(exchange, {
      sources: detections,
      publish: (...masks) => this.publishMasks(...masks),
    });
    this.#connection = new BrokerConnection({
      mqtt,
      logger,
      identity: () => ({ clientId: `samwire-${nodeId}`, clean: false, will: this.#will() }),
      handlers: {
        onSession: (session) => this.#connected(session),
        onLost: () => this.#lost(),
        onMessage: (message) => this.#received(message),
        onTakenOver: options.onTakenOver,
        onProblem,
      },
      ...(options.retry === undefined ? {} : { retry: options.retry }),
    });
  }

  get status(): ConnectionStatus & { readonly owedMessages: number } {
    return { ...this.#connection.status, owedMessages: this.#outbox.sizes.messages };
  }

  /** As it was told last. */
  get state(): NodeStateMessage {
    return this.#state;
  }

  /** What `<base>/stats` would say now. */
  stats(): Record<string, unknown> {
    return { ...this.#options.service.stats(), mqtt: this.linkStats() };
  }

  /** The link's own part of them. */
  linkStats() {
    const { protocol, retries } = this.#connection.status;
    const { messages, bytes } = this.#outbox.sizes;
    const jobs = this.#jobs === null ? {} : { jobs: this.#jobs.stats() };
    return { ...this.counters, protocol, retries, owedMessages: messages, owedBytes: bytes, ...jobs };
  }

  /** Connects, and stays connected, until `close()`. */
  start(): void {
    if (this.#statsTimer !== null || this.#closing !== null) return;
    this.#connection.start();
    this.#statsTimer = setInterval(() => this.#publishStats(), this.#options.statsIntervalMs);
    this.#statsTimer.unref();
  }

  /** Takes jobs, if the node is to take any; to be called when it can answer them. */
  startJobs(): void {
    if (this.#closing === null) this.#jobs?.start();
  }

  /**
   * Takes no more messages, waits for the answers of those at work, tells `stopped`, waits for the broker to
   * acknowledge what is owed, all of it for `timeoutMs` at most, and says goodbye. `comesBack`: it tells `starting`.
   */
  close({ timeoutMs = CLOSE_TIMEOUT_MS, comesBack = false }: NodeClose = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs, comesBack ? 'starting' : 'stopped');
    return this.#closing;
  }

  /** Answers that the broker has not taken. */
  owed(): readonly OutboundMessage[] {
    return this.#outbox.owed();
  }

  /** Published at once, and again at every connection. */
  setNodeState(state: NodeState): void {
    const since = state.state === this.#state.state ? this.#state.since : Date.now();
    const { version } = this.#options;
    this.#state = { ...state, version, since };
    if (this.#announced) this.#publishNodeState();
  }

  /** Published at once, and again at every connection. */
  setCameraState(camera: string, state: CameraState): void {
    this.#cameraStates.set(camera, state);
    if (this.#announced) this.#publishCameraState(camera, state);
  }

  /**
   * Masks that nobody asked for, made smaller where the packet size wants it: false when they were dropped. `trace` is
   * that of the detector's message that they answer.
   * @throws SamwireError `too_large` when no form of them fits.
   */
  async publishMasks(camera: string, message: MasksMessage, trace?: TraceContext): Promise<boolean> {
    const sinceMs = performance.now();
    const target = { topic: this.topics.masks(camera), properties: publicProperties({ trace }) };
    const maxPayloadBytes = this.maxPayloadBytes(target);
    const { service, onMasks, onAnswer } = this.#options;
    const fitted = await fittedMasks(message, { maxPayloadBytes, sinceMs, service });
    const sent = this.publishStream({ ...target, payload: fitted.payload });
    if (sent) onMasks?.(camera, fitted.message, trace);
    onAnswer?.(fitted.message);
    return sent;
  }

  /** What nobody asked for by a message, with `outputs.streamQos`: false when it was dropped. */
  publishStream(message: OutboundMessage): boolean {
    if (this.#options.streamQos !== 1) return this.publishVolatile(message);
    const sent = this.#outbox.addStream(message);
    if (!sent) this.counters.volatileDropped += 1;
    return sent;
  }

  /** A frame-rate message (QoS 0): false when it was dropped, because there is no connection or it is congested. */
  publishVolatile(message: OutboundMessage): boolean {
    const sent =
      message.payload.length <=
        this.maxPayloadBytes({
          topic: message.topic,
          properties: message.properties ?? {},
        }) &&
      (this.#session?.publishVolatile(message) ?? false);
    if (sent) this.#packetLimit.sent(message.payload.length + packetOverheadBytes(message));
    else this.counters.volatileDropped += 1;
    return sent;
  }

  /** Bytes of payload that fit into one packet to this target: the smaller of the config's and the broker's limit. */
  maxPayloadBytes(target: Target): number {
    const packetBytes = Math.min(this.#options.mqtt.maxPacketBytes, this.#packetLimit.bytes);
    return packetBytes - packetOverheadBytes(target);
  }

  #will(): LastWill {
    const offline: NodeStateMessage = { ...this.#state, state: 'offline', since: Date.now() };
    const payload = Buffer.from(JSON.stringify(offline));
    this.#ownState.remember(payload);
    return { topic: this.topics.state, payload };
  }

  #connected(session: Session): void {
    this.#session = session;
    this.#packetLimit.connected(session.maxPacketBytes);
    if (this.#jobs !== null && session.protocol === '3.1.1')
      this.#options.logger.error('no jobs are taken: they need MQTT 5, and this broker speaks 3.1.1');
    void this.#serve(session);
  }

  /**
   * The node's own state is asked for first: the broker answers in order, so when the other subscriptions stand, it
   * is known whether another process has taken this one's place. States are told after that, so that who reads
   * `online` may send at once.
   */
  async #serve(session: Session): Promise<void> {
    const { logger, mqtt } = this.#options;
    try {
      await this.#leftStates.ask(session);
      const refused = [
        ...(await session.subscribe([this.topics.state], { retained: true })),
        ...(await session.subscribe(this.topics.requests)),
        // QoS 0, so that no broker keeps boxes for a node that is away: on another day's frame they mean nothing.
        ...(await session.subscribe(this.#detectionFilters, { qos: 0 })),
      ];
      for (const { filter, reasonCode } of refused) {
        logger.error({ filter, reasonCode }, 'the broker refuses a subscription; check its access list');
      }
      await this.#leftStates.enough(session);
    } catch (error) {
      logger.debug({ err: error }, 'connection lost while subscribing');
    }
    if (this.#session !== session) return;
    this.#outbox.attach({
      window: session.window,
      maxPacketBytes: Math.min(this.#packetLimit.bytes, mqtt.maxPacketBytes),
      publish: async (message, options) => {
        const order = this.#packetLimit.sent(message.payload.length + packetOverheadBytes(message));
        await session.publish(message, options);
        if (this.#session === session) this.#packetLimit.acknowledged(order);
      },
    });
    this.#announced = true;
    this.#ownState.announced();
    this.#access.announced();
    this.#publishNodeState();
    for (const [camera, state] of this.#cameraStates) this.#publishCameraState(camera, state);
  }

  #lost(): void {
    this.#access.stop();
    this.#session = null;
    this.#announced = false;
    this.#packetLimit.lost();
    this.#outbox.detach();
  }

  async #received(message: InboundMessage): Promise<void> {
    const cleared = this.#leftStates.cleared(message, this.#cameraStates);
    if (cleared !== null) return void this.#outbox.add(cleared, { latestOnly: true });
    const topic = this.topics.parse(message.topic);
    if (topic === null && this.#detections.takers(message.topic).length === 0) return;
    if (topic?.kind === 'state') {
      this.#access.heard();
      if (this.#ownState.isForeign(message.payload)) this.#replaced();
      return;
    }
    if (message.retain) {
      this.counters.retainedIgnored += 1;
      this.#options.logger.debug({ topic: message.topic }, 'retained message ignored');
      return;
    }
    // The broker keeps it for the next start.
    if (this.#closing !== null) throw new Unacknowledged();
    const admitted = await this.#gate.enter(MAX_HELD_BACK_MS);
    const refusal = admitted ? undefined : overloaded(this.#gate.inside);
    void this.#handle(message, topic, refusal)
      .catch((error: unknown) => this.#options.logger.error({ err: error }, 'a message was not answered'))
      .finally(() => {
        if (admitted) this.#gate.leave();
      });
  }

  async #handle(
    message: InboundMessage,
    topic: Exclude<InboundTopic, { kind: 'state' }> | null,
    refusal: SamwireError | undefined,
  ): Promise<void> {
    switch (topic?.kind) {
      case 'prompt':
        return this.#prompts.handle(message, topic.camera, refusal);
      case 'request':
        return this.#requests.handle(message, topic.verb, refusal);
      case 'detections':
        return this.#detections.handle(message, topic.camera, refusal);
      case undefined:
        return this.#detections.handle(message, null, refusal);
    }
  }

  /** Another process with this node id is on the broker; this one leaves it the place. */
  #replaced(): void {
    this.#session = null;
    this.#announced = false;
    this.#connection.giveWay();
  }

  #publishNodeState(): void {
    const payload = Buffer.from(JSON.stringify(this.#state));
    this.#ownState.remember(payload);
    this.#outbox.add({ topic: this.topics.state, payload, retain: true }, { latestOnly: true });
  }

  #publishCameraState(camera: string, state: CameraState): void {
    const payload = Buffer.from(JSON.stringify(state));
    this.#outbox.add({ topic: this.topics.cameraState(camera), payload, retain: true }, { latestOnly: true });
  }

  #publishStats(): void {
    const payload = Buffer.from(JSON.stringify(this.stats()));
    const maxBytes = this.maxPayloadBytes({ topic: this.topics.stats, properties: {} });
    if (payload.length > maxBytes && !this.#statsTooLarge) {
      this.#statsTooLarge = true;
      this.#options.logger.warn(
        { bytes: payload.length, maxBytes },
        'stats are not published: they are larger than mqtt.maxPacketBytes or the broker allows',
      );
    }
    this.publishVolatile({ topic: this.topics.stats, payload });
    this.#options.onStatsPublished?.();
  }

  #dropped(message: OutboundMessage, reason: DropReason, cause?: Error): void {
    if (reason === 'stale') {
      this.counters.volatileDropped += 1;
      return;
    }
    this.counters.dropped[reason] += 1;
    if (reason === 'refused') this.#access.refused(message.topic);
    this.#dropLog.note(message, reason, cause);
  }

  async #close(timeoutMs: number, state: 'starting' | 'stopped'): Promise<void> {
    if (this.#statsTimer !== null) clearInterval(this.#statsTimer);
    this.#statsTimer = null;
    const drained = Promise.all([this.#gate.empty(), this.#jobs?.drain()]);
    if (this.#session !== null) {
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), timeoutMs);
      await orAborted(drained, deadline.signal);
      const { backend, model } = this.#state;
      this.setNodeState({ state, backend, model });
      await orAborted(this.#outbox.idle(), deadline.signal);
      clearTimeout(timer);
    }
    await Promise.all([this.#connection.close(), this.#jobs?.close()]);
    this.#outbox.detach();
  }
}
