/** What the page says about states: a tone (which gives colour and shape), a short name, and a sentence where one helps. */
import type { CameraStatus, Status } from '../../../src/http/live/protocol.js';
import type { ConnectionState } from '../live/connection.js';
import { percent } from './format.js';

/** `good`: as it should be. `busy`: it becomes so by itself. `warn`, `bad`: it is not. `off`: nobody wants it. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'off';

export interface Words {
  readonly tone: Tone;
  readonly name: string;
  /** Whole sentences: what that means, and what to do. */
  readonly text?: string;
}

export function nodeWords({ state, progress }: Status['node']): Words {
  switch (state) {
    case 'starting':
      return {
        tone: 'busy',
        name: 'Starting',
        text: 'The model is being loaded. Pictures are shown meanwhile; clicks are answered once it is there.',
      };
    case 'building':
      return {
        tone: 'busy',
        name: progress === undefined ? 'Building engines' : `Building engines, ${percent(progress)}`,
        text: 'TensorRT engines are made for this machine. This happens once and takes minutes; clicks are answered afterwards.',
      };
    case 'online':
      return { tone: 'good', name: 'Online' };
    case 'offline':
    case 'stopped':
      return { tone: 'off', name: 'Stopped', text: 'The node is stopping.' };
  }
}

const CAMERA_WORDS: Readonly<Record<CameraStatus['state'], Words>> = {
  connecting: { tone: 'busy', name: 'Connecting' },
  streaming: { tone: 'good', name: 'Live' },
  stalled: { tone: 'warn', name: 'No frames' },
  failed: { tone: 'bad', name: 'Failed' },
  disabled: {
    tone: 'off',
    name: 'Switched off',
    text: 'Its config says `enabled: false`. Set it to true and start the service again.',
  },
};

/** `camera` undefined: nothing is known of it yet. */
export function cameraWords(camera: CameraStatus | undefined): Words {
  if (camera === undefined) return { tone: 'busy', name: 'Waiting' };
  const words = CAMERA_WORDS[camera.state];
  return camera.error ? { ...words, text: cameraTrouble(camera.state, camera.error.message) } : words;
}

/** The camera's own words carry their remedy where one is known; what happens next is said here. */
function cameraTrouble(state: CameraStatus['state'], message: string): string {
  if (state === 'failed')
    return `${sentence(message)} It is opened again every few seconds. \`samwire doctor\` looks for the cause.`;
  return sentence(message);
}

export function brokerWords({ url, connected, protocol, problem }: Status['broker']): Words {
  if (connected)
    return { tone: 'good', name: 'Connected', ...(protocol === null ? {} : { text: `MQTT ${protocol}` }) };
  if (problem === null)
    return { tone: 'busy', name: 'Connecting', text: `The broker at ${url} is being connected to.` };
  const { does, why } = brokerFault(problem);
  const hint = why === problem ? '' : ` ${NETWORK_HINT}`;
  return {
    tone: 'bad',
    name: 'Not connected',
    text: `${sentence(`The broker at ${url} ${does}: ${why}`)} Prompts over MQTT wait; this page still works.${hint}`,
  };
}

const NETWORK_HINT = 'Is it running, and is `mqtt.url` right? `samwire doctor` tells more.';

const NETWORK_FAULTS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'connection refused'],
  [/ENOTFOUND|EAI_AGAIN/, 'its name is not known in this network'],
  [/ETIMEDOUT|connack timeout/i, 'no answer within the time limit'],
  [/EHOSTUNREACH|ENETUNREACH/, 'there is no way to that machine'],
];

function brokerFault(problem: string): { readonly does: string; readonly why: string } {
  const why = NETWORK_FAULTS.find(([pattern]) => pattern.test(problem))?.[1];
  return why === undefined ? { does: 'is not connected', why: problem } : { does: 'does not answer', why };
}

/** `secondsLeft`: until a lost connection is tried again. `problem`: what the node said when it ended it. */
export function connectionWords(
  connection: ConnectionState,
  secondsLeft: number | null = null,
  problem: string | null = null,
): Words {
  switch (connection) {
    case 'open':
      return { tone: 'good', name: 'Live' };
    case 'connecting':
      return { tone: 'busy', name: 'Connecting' };
    case 'unauthorized':
      return { tone: 'warn', name: 'Log in' };
    case 'lost':
      return {
        tone: 'bad',
        name: 'Connection lost',
        text: `${problem === null ? 'The service does not answer.' : sentence(problem)} ${
          secondsLeft === null || secondsLeft < 1 ? 'Trying again …' : `Trying again in ${secondsLeft} s.`
        }`,
      };
  }
}

/** The title of the window: what is wrong first, so that it is read among many tabs. */
export function pageTitle(node: string | null, words: readonly Words[]): string {
  const worst = (['bad', 'warn', 'busy'] as const).flatMap(
    (tone) => words.find((each) => each.tone === tone) ?? [],
  )[0];
  return [...(worst ? [worst.name] : []), ...(node === null ? [] : [node]), 'Samwire'].join(' · ');
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
