import { describe, expect, it } from 'vitest';
import { dropWords, stagesOf } from '../../../console/src/shell/stages.js';
import {
  brokerWords,
  cameraWords,
  connectionWords,
  nodeWords,
  pageTitle,
} from '../../../console/src/shell/words.js';
import { STREAMING, status } from './statuses.js';

const NODE = status().node;
const BROKER = status().broker;

describe('the node', () => {
  it('is told in words, and how far the engines are', () => {
    expect(nodeWords(NODE)).toEqual({ tone: 'good', name: 'Online' });
    expect(nodeWords({ ...NODE, state: 'building', progress: 0.429 }).name).toBe('Building engines, 42 %');
    expect(nodeWords({ ...NODE, state: 'starting' })).toMatchObject({ tone: 'busy', name: 'Starting' });
    expect(nodeWords({ ...NODE, state: 'stopped' }).tone).toBe('off');
  });
});

describe('the broker', () => {
  it('says why it is away, what still works and what to do', () => {
    const problem =
      'Nothing listens at mqtt://127.0.0.1:1883 (connect ECONNREFUSED 127.0.0.1:1883). Is the broker running?';
    expect(brokerWords({ ...BROKER, connected: false, problem }).text).toBe(
      'The broker at mqtt://127.0.0.1:1883 does not answer: connection refused. Prompts over MQTT wait; this page still works. Is it running, and is `mqtt.url` right? `samwire doctor` tells more.',
    );
  });

  it('repeats a problem that is no fault of the network', () => {
    const problem = "Not authorized. Check mqtt.username, mqtt.passwordFile and the broker's access list.";
    expect(brokerWords({ ...BROKER, connected: false, problem }).text).toBe(
      `The broker at mqtt://127.0.0.1:1883 is not connected: ${problem} Prompts over MQTT wait; this page still works.`,
    );
  });

  it('is connecting before the first answer', () => {
    expect(brokerWords({ ...BROKER, connected: false }).tone).toBe('busy');
    expect(brokerWords(BROKER)).toEqual({ tone: 'good', name: 'Connected', text: 'MQTT 5' });
  });
});

describe('a camera', () => {
  it('has a tone and a name for each state, so that no state is told by its colour alone', () => {
    const states = ['connecting', 'streaming', 'stalled', 'failed', 'disabled'] as const;
    const words = states.map((state) => cameraWords({ ...STREAMING, state }));
    expect(new Set(words.map(({ name }) => name)).size).toBe(5);
    expect(new Set(words.map(({ tone }) => tone)).size).toBe(5);
  });

  it('that failed says why, and what happens next', () => {
    const error = { code: 'no_frame', message: 'The stream of camera front ended' } as const;
    expect(cameraWords({ ...STREAMING, state: 'failed', error }).text).toBe(
      'The stream of camera front ended. It is opened again every few seconds. `samwire doctor` looks for the cause.',
    );
  });
});

describe('the connection', () => {
  it('counts down to its next try', () => {
    expect(connectionWords('lost', 3).text).toContain('in 3 s');
    expect(connectionWords('lost', 0).text).toBe('The service does not answer. Trying again …');
  });

  it('repeats why the node ended it', () => {
    expect(connectionWords('lost', 3, 'The node is stopping.').text).toBe(
      'The node is stopping. Trying again in 3 s.',
    );
  });
});

describe('the title', () => {
  it('begins with the worst that is', () => {
    const online = nodeWords(NODE);
    const failed = cameraWords({ ...STREAMING, state: 'failed' });
    const building = nodeWords({ ...NODE, state: 'building' });
    expect(pageTitle('robot-7', [online])).toBe('robot-7 · Samwire');
    expect(pageTitle('robot-7', [building, failed])).toBe('Failed · robot-7 · Samwire');
    expect(pageTitle(null, [building])).toBe('Building engines · Samwire');
  });
});

describe('stages and reasons', () => {
  it('come in the order of an answer, unknown ones behind', () => {
    const told = { sleepMs: null, maskMs: null, captureToPublishMs: null, encodeMs: null };
    expect(stagesOf(told).map(({ name }) => name)).toEqual(['Encoding', 'Mask', 'sleep']);
  });

  it('are told as they are where the page does not know them', () => {
    expect(dropWords('rate_limited')).toContain('pipeline.rateLimit');
    expect(dropWords('too_early')).toBe('too early');
  });
});
