import { createHash } from 'node:crypto';

/** A finished answer, as it goes out: the same bytes for every repeat of its request. */
export interface Answer {
  readonly kind: 'masks' | 'error';
  readonly payload: Buffer;
  readonly requestId?: string;
}

export interface OnceOptions<A extends Answer = Answer> {
  /** How long an answer is kept, from the moment when it was there. */
  readonly keepMs: number;
  /** Beyond either bound the oldest answers are forgotten: a late repeat is then run again. */
  readonly maxAnswers: number;
  readonly maxBytes: number;
  /** False for an answer that a repeat is not to get: it is run again. Default: every answer is kept. */
  readonly isFinal?: (answer: A) => boolean;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

interface Kept<A> {
  readonly answer: A;
  readonly at: number;
}

/** How a request stands: to be run, running already, or answered. */
export type OnceResult<A extends Answer = Answer> =
  | { readonly state: 'new'; readonly answer: Promise<A> }
  | { readonly state: 'running'; readonly answer: Promise<A> }
  | { readonly state: 'kept'; readonly answer: A };

/**
 * Runs a request once, however often it comes: repeats while it runs share the run, later ones get the kept answer.
 */
export class Once<A extends Answer = Answer> {
  readonly #options: Required<OnceOptions<A>>;
  readonly #running = new Map<string, Promise<A>>();
  /** In the order of their age. */
  readonly #kept = new Map<string, Kept<A>>();
  #bytes = 0;

  constructor(options: OnceOptions<A>) {
    this.#options = { now: () => performance.now(), isFinal: () => true, ...options };
  }

  get sizes(): { readonly running: number; readonly kept: number; readonly bytes: number } {
    return { running: this.#running.size, kept: this.#kept.size, bytes: this.#bytes };
  }

  /** `work` must not reject: an error is an answer too. */
  run(key: string, work: () => Promise<A>): OnceResult<A> {
    this.#forgetOld();
    const kept = this.#kept.get(key);
    if (kept !== undefined) return { state: 'kept', answer: kept.answer };
    const running = this.#running.get(key);
    if (running !== undefined) return { state: 'running', answer: running };
    const answer = work().then(
      (result) => {
        this.#running.delete(key);
        this.#keep(key, result);
        return result;
      },
      (error: unknown) => {
        this.#running.delete(key);
        throw error;
      },
    );
    this.#running.set(key, answer);
    return { state: 'new', answer };
  }

  #keep(key: string, answer: A): void {
    const { keepMs, maxAnswers, maxBytes, isFinal, now } = this.#options;
    if (keepMs <= 0 || maxAnswers <= 0 || answer.payload.length > maxBytes || !isFinal(answer)) return;
    this.#kept.set(key, { answer, at: now() });
    this.#bytes += answer.payload.length;
    while (this.#kept.size > maxAnswers || this.#bytes > maxBytes) this.#forgetOldest();
  }

  #forgetOld(): void {
    const limit = this.#options.now() - this.#options.keepMs;
    for (const { at } of this.#kept.values()) {
      if (at > limit) return;
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#kept;
    if (oldest === undefined) return;
    this.#kept.delete(oldest[0]);
    this.#bytes -= oldest[1].answer.payload.length;
  }
}

/** A request's identity: its topic, response topic, request id, properties and payload, byte for byte. */
export function requestKey(request: {
  readonly topic: string;
  readonly responseTopic?: string;
  readonly requestId: string;
  readonly payload: Uint8Array;
  /** What beside the payload says what is asked. */
  readonly properties?: string;
}): string {
  const hash = createHash('sha256');
  const { topic, responseTopic = '', requestId, properties = '' } = request;
  for (const part of [topic, responseTopic, requestId, properties]) {
    // The length goes first, so that no two different lists of parts give the same bytes.
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  }
  return hash.update(request.payload).digest('base64');
}
