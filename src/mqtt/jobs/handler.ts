/** `<baseTopic>/jobs`: from a job to its one answer, and what decides whether it may be acknowledged. */
import { SamwireError, toSamwireError } from '../../errors.js';
import { type OpenedJob, openJob } from '../../prompts/job.js';
import type { PromptLimits } from '../../prompts/message.js';
import { errorAnswer, fittedMasks, tooLarge } from '../answers.js';
import { type Exchange, noteError, type Target } from '../exchange.js';
import type { InboundMessage } from '../messages.js';
import { type Answer, Once, requestKey } from '../once.js';
import { answerProperties, checkExpiry, replyAddress } from '../replies.js';
import { jobAnswerTopic } from '../topics.js';
import type { BegunJobs } from './begun-jobs.js';

/** Answers kept for repeats, whatever `mqtt.answerKeepMs`. */
const MAX_KEPT_ANSWERS = 1000;
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
/** A job over which the process has ended so often is not begun again. */
const MAX_ENDS = 3;

export interface JobHandlerOptions {
  readonly nodeId: string;
  readonly baseTopic: string;
  readonly limits: PromptLimits;
  readonly answerKeepMs: number;
  readonly begun: BegunJobs;
}

/** What happened to jobs since the start: `mqtt.jobs` in `<base>/stats`. */
export interface JobCounters {
  /** Deliveries by the broker, repeats among them. */
  taken: number;
  /** Answered without being run again. */
  repeats: number;
  /** Answered with masks. */
  answered: number;
  /** Answered with an error. */
  failed: number;
  /** Left unacknowledged: the node was stopping, or its answer did not get out. */
  returned: number;
}

interface Job {
  readonly message: InboundMessage;
  readonly opened: OpenedJob;
  readonly target: Target;
}

export class JobHandler {
  readonly counters: JobCounters = { taken: 0, repeats: 0, answered: 0, failed: 0, returned: 0 };
  readonly #exchange: Exchange;
  readonly #options: JobHandlerOptions;
  readonly #once: Once;

  constructor(exchange: Exchange, options: JobHandlerOptions) {
    this.#exchange = exchange;
    this.#options = options;
    const keepMs = options.answerKeepMs;
    this.#once = new Once({ keepMs, maxAnswers: MAX_KEPT_ANSWERS, maxBytes: MAX_KEPT_BYTES });
  }

  /**
   * Resolves when the job may be acknowledged: the broker has its answer, or will never take it. Rejects when it should
   * be delivered again: nothing was wrong with it, but it has no answer.
   */
  async handle(message: InboundMessage): Promise<void> {
    this.counters.taken += 1;
    try {
      const { payload, userProperties = {} } = message;
      const opened = openJob({ payload, userProperties }, this.#options.limits);
      const job = this.#addressed(message, opened);
      await this.#deliver(await job.answer, job.target, opened.jobId);
    } catch (thrown) {
      this.counters.returned += 1;
      throw thrown;
    }
  }

  /** An answer to a response topic that may not be used goes where one without goes. */
  #addressed(message: InboundMessage, opened: OpenedJob): { target: Target; answer: Promise<Answer> } {
    const { jobId } = opened;
    const { topics, replyRules } = this.#exchange;
    const own: Target = {
      topic: jobId === undefined ? topics.errors(null) : jobAnswerTopic(this.#options.baseTopic, jobId),
      properties: answerProperties(message),
    };
    try {
      const target = replyAddress(message, replyRules) ?? own;
      return { target, answer: this.#answer({ message, opened, target }) };
    } catch (thrown) {
      return { target: own, answer: Promise.resolve(this.#failed(thrown, jobId)) };
    }
  }

  /** Repeats of a job share its answer. */
  #answer(job: Job): Promise<Answer> {
    const { message, opened, target } = job;
    const { jobId } = opened;
    if (jobId === undefined) return this.#run(job, '');
    const key = requestKey({
      topic: message.topic,
      responseTopic: target.topic,
      requestId: jobId,
      payload: message.payload,
      properties: JSON.stringify(message.userProperties?.prompts ?? null),
    });
    const once = this.#once.run(key, () => this.#begin(key, job, jobId));
    if (once.state !== 'new') this.counters.repeats += 1;
    return Promise.resolve(once.answer);
  }

  async #begin(key: string, job: Job, jobId: string): Promise<Answer> {
    const { begun } = this.#options;
    const ends = begun.begin(key);
    try {
      if (ends < MAX_ENDS) return await this.#run(job, jobId);
      const what = `The node ended ${ends} times while it worked on this job, and does not begin it again.`;
      return this.#failed(new SamwireError('model_failed', what), jobId);
    } finally {
      begun.end(key);
    }
  }

  /** Rejects where the job should be delivered again. */
  async #run({ message, opened, target }: Job, jobId: string): Promise<Answer> {
    const { service, counters, maxPayloadBytes, onAnswer } = this.#exchange;
    const { receivedAtMs, expiresAtMs } = message;
    try {
      checkExpiry(message, Date.now());
      const masks = await service.job(opened.parse(), {
        receivedAtMs,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      });
      const sinceMs = performance.now();
      const fitted = await fittedMasks(
        { jobId, node: this.#options.nodeId, ...masks },
        { maxPayloadBytes: maxPayloadBytes(target), sinceMs, service },
      );
      counters.answers += 1;
      this.counters.answered += 1;
      onAnswer(fitted.message);
      return { kind: 'masks', payload: fitted.payload };
    } catch (thrown) {
      // The pipeline has a job wait, however busy it is; this is said by a node that stops.
      if (thrown instanceof SamwireError && thrown.code === 'overloaded') throw thrown;
      return this.#failed(thrown, opened.jobId);
    }
  }

  #failed(thrown: unknown, jobId: string | undefined): Answer {
    const error = toSamwireError(thrown);
    noteError(this.#exchange, error);
    this.counters.failed += 1;
    return errorAnswer(error, { jobId });
  }

  async #deliver(answer: Answer, target: Target, jobId: string | undefined): Promise<void> {
    const { deliver, maxPayloadBytes } = this.#exchange;
    const maxBytes = maxPayloadBytes(target);
    const fits = answer.payload.length <= maxBytes;
    const sent = fits ? answer : this.#failed(tooLarge(answer.payload.length, maxBytes), jobId);
    const outcome = await new Promise<string>((resolve) =>
      deliver({ ...target, payload: sent.payload }, { onOutcome: resolve }),
    );
    // The broker's packet size is smaller than it was when the answer was made.
    if (outcome === 'too_large' && sent.kind === 'masks') await this.#deliver(answer, target, jobId);
    // Any other loss would be the same the next time.
    if (outcome === 'overflow') throw new Error('The answer was dropped before the broker had taken it.');
  }
}
