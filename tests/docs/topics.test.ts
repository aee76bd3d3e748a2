import { describe, expect, it } from 'vitest';
import { REQUEST_VERBS } from '../../src/mqtt/requests.js';
import { jobAnswerTopic, jobsTopic, matchesFilter, NodeTopics } from '../../src/mqtt/topics.js';
import { codes, page, pages, rows, section } from './pages.js';

const MQTT = page('docs/mqtt.md');
const CAMERA = '<camera>';

/** Every topic of the code, with its parts as the docs write them. */
function topicsOf(topics: NodeTopics, camera: string, verb: string): { in: string[]; out: string[] } {
  return {
    in: [topics.prompt(camera), topics.detections(camera), topics.request(verb)],
    out: [
      topics.masks(camera),
      topics.labels(camera),
      topics.visionMsgs(camera),
      topics.frame(camera),
      topics.errors(camera),
      topics.errors(null),
      topics.state,
      topics.cameraState(camera),
      topics.response(verb),
      topics.stats,
    ],
  };
}

/** Those of no single node. */
const SHARED = { in: [jobsTopic('<baseTopic>')], out: [jobAnswerTopic('<baseTopic>', '<jobId>')] };
const written = (topic: string): string => topic.replace('BASE/NODE', '<base>');
const OF_CODE = topicsOf(new NodeTopics('BASE', 'NODE'), CAMERA, '<verb>');

describe('the table of topics in docs/mqtt.md', () => {
  const table = rows(MQTT.text.slice(0, MQTT.text.indexOf('## One exchange'))).slice(1);
  const listed = (direction: string): string[] =>
    table.filter(([, cell]) => cell === direction).flatMap(([topic]) => codes(topic));

  it('lists what the node takes and what it publishes, and nothing else', () => {
    expect(listed('in').sort()).toEqual([...OF_CODE.in, ...SHARED.in].map(written).sort());
    expect(listed('out').sort()).toEqual([...OF_CODE.out, ...SHARED.out].map(written).sort());
    expect(table).toHaveLength(OF_CODE.in.length + OF_CODE.out.length + SHARED.in.length + SHARED.out.length);
  });

  it('lists the requests that are served', () => {
    const [row] = table.filter(([topic]) => topic?.includes('<base>/request/<verb>'));
    expect(codes(row?.[4])).toEqual([...REQUEST_VERBS]);
    const explained = rows(section(MQTT, 'Requests')).slice(1);
    expect(explained.flatMap(([verb]) => codes(verb))).toEqual([...REQUEST_VERBS]);
  });
});

describe('a topic that a page names', () => {
  const known = [...OF_CODE.in, ...OF_CODE.out, ...SHARED.in, ...SHARED.out].map(written);

  it('by its pattern is one of the code', () => {
    for (const { path, text } of pages())
      for (const [topic] of text.matchAll(/<base(?:Topic)?>\/[\w<>/.-]*[\w>]/g)) {
        if (topic.startsWith('<baseTopic>/<node.id>') || topic === '<baseTopic>/reply') continue;
        const request = /^<base>\/(request|response)\//.test(topic);
        expect([...known, ...(request ? [topic] : [])], path).toContain(topic);
      }
  });

  it('in an example is one that the node takes or publishes', () => {
    const topics = new NodeTopics('samwire', 'robot-7');
    const real = [...REQUEST_VERBS, 'reboot'].flatMap((verb) => {
      const of = topicsOf(topics, 'front', verb);
      return [...of.in, ...of.out];
    });
    let found = 0;
    for (const { path, text } of pages())
      for (const [filter] of text.matchAll(/samwire\/robot-7\/[\w/+#.-]*[\w+#]/g)) {
        found += 1;
        expect(
          real.some((topic) => matchesFilter(filter, topic)),
          `${filter} in ${path}`,
        ).toBe(true);
      }
    expect(found).toBeGreaterThan(10);
  });
});
