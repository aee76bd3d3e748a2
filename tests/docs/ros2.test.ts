import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.js';
import { NodeTopics } from '../../src/mqtt/topics.js';
import { faultsOf } from '../outputs/vision-definitions.js';
import { page } from './pages.js';

const PAGE = page('docs/ros2.md');
const blocksOf = (language: string): string[] =>
  PAGE.blocks.filter((block) => block.language === language).map(({ text }) => text);

interface Bridged {
  readonly ros_type: string;
  readonly json: boolean;
  readonly mqtt_topic?: string;
  readonly ros_topic?: string;
}

describe('docs/ros2.md', () => {
  const topics = new NodeTopics('samwire', 'robot-7');
  const [config = ''] = blocksOf('yaml');
  // Of another language than Samwire's configs, which messages.test.ts holds against their schema.
  const [bridge = ''] = blocksOf('yml');

  it('has a config of Samwire that publishes what the page bridges', () => {
    const { outputs, cameras } = parseConfig(config, '/x.yaml').config;
    expect(outputs).toMatchObject({ visionMsgs: true, labels: true });
    expect(Object.keys(cameras)).toEqual(['front']);
  });

  it('has a config of mqtt_client for the topics and the type of Samwire', () => {
    const { mqtt2ros, ros2mqtt } = parse(bridge)['/**/*'].ros__parameters.bridge;
    expect(mqtt2ros.mqtt_topics).toEqual([topics.visionMsgs('front')]);
    const incoming: Bridged = mqtt2ros[topics.visionMsgs('front')];
    expect(incoming).toMatchObject({ ros_type: 'vision_msgs/msg/Detection2DArray', json: true });
    const [rosTopic] = ros2mqtt.ros_topics;
    const outgoing: Bridged = ros2mqtt[rosTopic];
    expect(outgoing).toMatchObject({ mqtt_topic: 'samwire/robot-7/front/detections', json: true });
  });

  it('shows a Detection2DArray', () => {
    const examples = blocksOf('json').map((text) => JSON.parse(text));
    expect(examples).toHaveLength(1);
    for (const example of examples)
      expect([...faultsOf(example, 'vision_msgs/Detection2DArray', 'message')]).toEqual([]);
  });

  it('has a node in Python that compiles', (context) => {
    const [node = ''] = blocksOf('python');
    const { status, stderr, error } = spawnSync(
      'python3',
      ['-c', 'import sys; compile(sys.stdin.read(), "node", "exec")'],
      {
        input: node,
        encoding: 'utf8',
      },
    );
    if (error && 'code' in error && error.code === 'ENOENT') context.skip('there is no python3 here');
    expect(error).toBeUndefined();
    expect(stderr).toBe('');
    expect(status).toBe(0);
    for (const topic of [topics.labels('front'), topics.masks('front')])
      expect(node).toContain(topic.replace('samwire/robot-7/front', '{self.base}'));
  });
});
