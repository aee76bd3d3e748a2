import type { MqttOptions } from './options.js';

export type ProtocolVersion = '5' | '3.1.1';

/** What to do after an attempt: connect again at once, or after the back-off. */
export type Retry = 'now' | 'later';

type State = 'five' | 'probe' | 'confirm' | 'three';

/**
 * Which MQTT version the next connection speaks.
 *
 * Under `auto`, 5 comes first. A broker that refuses it by name (CONNACK 0x01 or 0x84) gets 3.1.1. One that just
 * closes the connection may be a broker of 3.1.1 (aedes 1.2 does that), or a broker of 5 that is being stopped at
 * that very moment; falling back for good would then lose response topics until the next reconnect. So 3.1.1 is
 * probed, and when that works, 5 is tried once more: only if it is closed again, the broker speaks 3.1.1.
 * A lost connection starts over, because the broker behind a URL can be another one tomorrow.
 */
export class ProtocolChoice {
  readonly #configured: MqttOptions['protocol'];
  #state: State = 'five';

  constructor(configured: MqttOptions['protocol']) {
    this.#configured = configured;
  }

  next(): ProtocolVersion {
    if (this.#configured !== 'auto') return this.#configured;
    return this.#state === 'five' || this.#state === 'confirm' ? '5' : '3.1.1';
  }

  /** The broker accepted the connection. `discard`: it was a probe; end it and connect again at once. */
  accepted(): 'keep' | 'discard' {
    if (this.#configured !== 'auto' || this.#state !== 'probe') return 'keep';
    this.#state = 'confirm';
    return 'discard';
  }

  /** The broker refused this version by name. */
  refused(): Retry {
    return this.#enter(this.next() === '5' ? 'three' : 'five');
  }

  /** The broker took the connection and closed it without an answer. */
  closedEarly(): Retry {
    if (this.#state === 'five') return this.#enter('probe');
    return this.#enter(this.#state === 'confirm' ? 'three' : 'five');
  }

  /** The attempt failed in a way that says nothing about versions, or an accepted connection was lost. */
  lost(): Retry {
    this.#state = 'five';
    return 'later';
  }

  #enter(state: State): Retry {
    this.#state = state;
    return this.#configured === 'auto' && state !== 'five' ? 'now' : 'later';
  }
}
