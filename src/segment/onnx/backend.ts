import '../../onnx/no-telemetry.js';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { ConfigError, SamwireError, UnavailableError } from '../../errors.js';
import { PACKAGE_ROOT } from '../../native/addon.js';
import type { Segmenter, SegmentRequest, SegmentResult } from '../segmenter.js';
import type { Ability, Ask, Asks, ModelPart, WorkerMessage, WorkerRequest, WorkerStart } from './protocol.js';

/** onnxruntime's run() blocks its thread, so it lives in a worker: compiled, also when the sources run in a test. */
const WORKER = `${PACKAGE_ROOT}dist/segment/onnx/worker.js`;
const STOP_TIMEOUT_MS = 3000;

export interface OnnxSegmenterOptions {
  readonly dir: string;
  readonly threads: number;
  readonly log: Logger;
  /** Run the model once while it loads: for a service, not for a single picture. */
  readonly warmUp?: boolean;
  /** `detector`: only `proposals` can be asked for. Default: all of the model. */
  readonly part?: ModelPart;
  /** Cameras that the model serves: more frames' embeddings are kept for more. Default: 1. */
  readonly cameras?: number;
  /** Gives the loading up. */
  readonly signal?: AbortSignal;
}

interface Pending {
  readonly resolve: (result: Asks[Ask]['result']) => void;
  readonly reject: (error: SamwireError) => void;
}

/**
 * Loads a model into a worker thread with onnxruntime on the CPU.
 * @throws ConfigError when the model does not fit its manifest or its files are not what the manifest says;
 *   UnavailableError when `signal` gave it up.
 */
export async function createOnnxSegmenter(options: OnnxSegmenterOptions): Promise<Segmenter> {
  const segmenter = new OnnxSegmenter(options);
  const giveUp = (): void => void segmenter.close();
  if (options.signal?.aborted) giveUp();
  options.signal?.addEventListener('abort', giveUp);
  try {
    await segmenter.start();
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
  return segmenter;
}

class OnnxSegmenter implements Segmenter {
  readonly backend = 'onnx';
  /** The CPU is busy with one; a second would make both late. */
  readonly runsAtOnce = 1;
  readonly #options: OnnxSegmenterOptions;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  /** The load in progress: at the start, or after a worker that died. */
  #loading: { readonly worker: Worker; readonly giveUp: (error: Error) => void } | undefined;
  #starting: Promise<void> | undefined;
  #model = '';
  proposals?: NonNullable<Segmenter['proposals']>;
  everything?: NonNullable<Segmenter['everything']>;
  edges?: NonNullable<Segmenter['edges']>;
  #nextId = 1;
  #closed = false;

  constructor(options: OnnxSegmenterOptions) {
    this.#options = options;
  }

  get model(): string {
    return this.#model;
  }

  /** Loads the model, unless it is loaded; who calls meanwhile shares the one start. */
  async start(): Promise<void> {
    if (this.#worker) return;
    if (this.#closed) throw stopped();
    this.#starting ??= this.#load().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async segment(request: SegmentRequest): Promise<SegmentResult> {
    return this.#ask('segment', request);
  }

  async #ask<A extends Ask>(ask: A, request: Asks[A]['request']): Promise<Asks[A]['result']> {
    if (!this.#worker) await this.#startAgain();
    const worker = this.#worker;
    if (!worker) throw new SamwireError('model_failed', 'The node is stopping.');
    const id = this.#nextId++;
    const message = { id, ask, request } as WorkerRequest;
    return new Promise((resolve, reject) => {
      // The worker answers an id with what was asked under it.
      this.#pending.set(id, { resolve: (result) => resolve(result as Asks[A]['result']), reject });
      worker.postMessage(message);
    });
  }

  /** Sets what this model can beside `segment`: the same after each start, since the directory is. */
  #enable(abilities: readonly Ability[]): void {
    if (abilities.includes('proposals')) this.proposals = (frame) => this.#ask('proposals', frame);
    if (abilities.includes('everything')) this.everything = (request) => this.#ask('everything', request);
    if (abilities.includes('edges')) this.edges = (request) => this.#ask('edges', request);
  }

  /**
   * Waits for the answers in progress, for a bounded time. A thread that takes longer ends by itself: to terminate one
   * within onnxruntime is to abort the process.
   */
  async close(): Promise<void> {
    this.#closed = true;
    this.#loading?.worker.postMessage('close');
    this.#loading?.giveUp(stopped());
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, STOP_TIMEOUT_MS);
      worker.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      worker.postMessage('close');
    });
    this.#rejectAll('The node stopped before the answer was ready.');
  }

  async #load(): Promise<void> {
    const { dir, threads, warmUp = false, part = 'all', cameras = 1 } = this.#options;
    const workerData: WorkerStart = { dir, threads, warmUp, part, cameras };
    const worker = new Worker(WORKER, { workerData, name: 'samwire-inference' });
    try {
      this.#model = await new Promise<string>((resolve, reject) => {
        this.#loading = { worker, giveUp: reject };
        const died = (error: unknown) =>
          reject(
            this.#closed
              ? stopped()
              : new SamwireError(
                  'model_failed',
                  `The inference thread died while it loaded the model: ${text(error)}`,
                ),
          );
        worker.on('error', (error) => {
          died(error);
          this.#lost(worker, error);
        });
        worker.on('exit', (code) => {
          died(code);
          this.#lost(worker, new Error(`exit code ${code}`));
        });
        worker.on('message', (message: WorkerMessage) => {
          if (message.type === 'ready') {
            this.#logMending(message);
            this.#enable(message.abilities);
            resolve(message.model);
          } else if (message.type === 'refused') {
            void worker.terminate();
            reject(new ConfigError(message.message, message.faults));
          } else this.#settle(message);
        });
      });
      if (this.#closed) throw stopped();
      this.#worker = worker;
    } finally {
      this.#loading = undefined;
    }
  }

  #logMending({ model, mending }: Extract<WorkerMessage, { type: 'ready' }>): void {
    const { changes, unmended } = mending;
    if (changes.length > 0) this.#options.log.info({ model, changes }, 'the decoder was mended');
    if (unmended !== undefined)
      this.#options.log.warn({ model, why: unmended }, 'the decoder could not be mended');
  }

  /** @throws SamwireError `model_failed`; the next request tries once more. */
  async #startAgain(): Promise<void> {
    try {
      await this.start();
    } catch (failure) {
      throw new SamwireError('model_failed', `The model could not be loaded again: ${text(failure)}`, {
        cause: failure,
      });
    }
  }

  #settle(message: Extract<WorkerMessage, { id: number }>): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === 'result') pending?.resolve(message.result);
    else pending?.reject(new SamwireError(message.error.code, message.error.message, message.error));
  }

  #rejectAll(reason: string): void {
    for (const pending of this.#pending.values()) pending.reject(new SamwireError('model_failed', reason));
    this.#pending.clear();
  }

  /** A worker that died takes its requests with it, and is started again for those that follow. */
  #lost(worker: Worker, error: unknown): void {
    if (this.#closed || this.#worker !== worker) return;
    this.#worker = undefined;
    const { log } = this.#options;
    log.error({ err: error }, 'the inference thread died; starting it again');
    this.#rejectAll(
      `The inference thread died: ${text(error)}. It is being started again; send the request again.`,
    );
    this.start().catch((failure: unknown) =>
      log.error({ err: failure }, 'the model could not be loaded again; the next prompt tries once more'),
    );
  }
}

function stopped(): UnavailableError {
  return new UnavailableError('The service was stopped while it loaded the model.');
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : `exit code ${String(error)}`;
}
