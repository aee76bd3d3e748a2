/** No value of a message becomes a path, a URI or a pipeline: the real service, with all its system calls on files and sockets written down. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/native/addon.js';
import { brokerMissing, freePort } from '../broker.js';
import { broker, client, closeAll, owe, type TestClient, waitFor } from '../mqtt/harness.js';
import { configOf, directory, MAIN } from '../service/harness.js';

afterEach(closeAll);

const STRACE = '/usr/bin/strace';
/** Why system calls can't be followed here, or null. */
function straceMissing(): string | null {
  if (!existsSync(STRACE)) return 'strace is not installed (apt-get install strace)';
  try {
    execFileSync(STRACE, ['-qq', '-e', 'trace=none', 'true'], { stdio: 'pipe' });
    return null;
  } catch {
    return 'strace may not follow processes here';
  }
}
const missing = brokerMissing() ?? straceMissing();
if (missing !== null) console.warn(`Skipped: ${missing}`);

/** In every value below; 6553 is the port of those that name a host. */
const MARK = 'HOSTILE-7f3a';
const PORT = 6553;
const EVIL = [
  MARK,
  `../../../../tmp/${MARK}`,
  `/tmp/${MARK}`,
  `file:///tmp/${MARK}`,
  `rtsp://127.0.0.1:${PORT}/${MARK}`,
  `http://127.0.0.1:${PORT}/${MARK}`,
  `gst://filesrc location=/tmp/${MARK} ! decodebin`,
  `filesrc location=/tmp/${MARK} ! fakesink`,
  `shm:///tmp/${MARK}`,
  `$(touch /tmp/${MARK})`,
  `%2e%2e%2f${MARK}`,
  `${MARK}\0.png`,
];
const BASE = 'samwire/n1';

/** Every field of every message that a sender may fill in, filled with each value. */
function messages(evil: string): readonly (readonly [topic: string, payload: string])[] {
  const box = [1, 2, 30, 40];
  const json = (value: object): string =>
    JSON.stringify({ ...value, source: evil, path: evil, uri: evil, file: evil, model: evil });
  const prompt = {
    requestId: evil,
    prompts: [{ id: evil, label: evil, box, refine: evil, mask: { size: [48, 64], counts: evil } }],
    encodings: [evil],
  };
  return [
    [`${BASE}/front/prompt`, json(prompt)],
    [`${BASE}/front/prompt`, json({ requestId: MARK, id: MARK, label: evil, box })],
    [
      `${BASE}/front/prompt`,
      json({ requestId: MARK, prompts: [{ id: MARK, label: evil, box }], frame: evil, track: true }),
    ],
    ...[
      { detections: [{ id: evil, label: evil, class: evil, box, score: 0.9 }], camera: evil },
      {
        type: 'new',
        before: {},
        after: { id: evil, label: evil, camera: evil, box, score: 0.9, snapshot_path: evil },
      },
      {
        image: { path: evil, width: 64, height: 48 },
        predictions: [{ x: 9, y: 9, width: 8, height: 8, class: evil, confidence: 0.9, detection_id: evil }],
      },
      {
        version: '4.0',
        id: evil,
        '@timestamp': evil,
        sensorId: evil,
        objects: [`${evil}|1|2|30|40|${evil}`],
      },
      {
        header: { frame_id: evil },
        detections: [{ results: [{ hypothesis: { class_id: evil, score: 0.9 } }], bbox: {}, id: evil }],
      },
      {
        images: [{ id: 1, file_name: evil }],
        annotations: [{ image_id: 1, bbox: box, category_id: 1 }],
        categories: [{ id: 1, name: evil }],
      },
    ].map((detections) => [`${BASE}/front/detections`, JSON.stringify(detections)] as const),
    ...['info', 'snapshot', 'everything', 'tracks', 'restart-camera'].flatMap((verb) => [
      [
        `${BASE}/request/${verb}`,
        json({
          transaction: MARK,
          camera: evil,
          strategy: evil,
          overlay: evil,
          rename: { [evil]: evil },
          remove: [evil],
        }),
      ] as const,
      [`${BASE}/request/${verb}`, json({ transaction: evil, camera: 'front' })] as const,
    ]),
    [
      'samwire/jobs',
      json({
        jobId: evil,
        image: Buffer.from(evil).toString('base64'),
        prompts: [{ id: evil, label: evil, box }],
      }),
    ],
    ['samwire/jobs', json({ jobId: MARK, image: evil, prompts: [{ id: MARK, box }] })],
  ];
}

async function sendAll(sender: TestClient): Promise<void> {
  for (const evil of EVIL) {
    for (const [topic, payload] of messages(evil)) await sender.send(topic, payload);
    const responseTopic = evil.replace(/[+#\0]/g, '_');
    const userProperties = {
      jobId: evil.replace(/\0/g, '_'),
      prompts: `[{"id":"${MARK}","box":[585,370,792,589]}]`,
      traceparent: responseTopic,
    };
    const properties = { responseTopic, correlationData: Buffer.from(evil), userProperties };
    await sender.send(`${BASE}/front/prompt`, '{"box":[1,2,30,40]}', { properties });
    await sender.send('samwire/jobs', Buffer.from(evil), { properties });
  }
  // Names that are valid, and mean something to a file system.
  for (const name of ['..', '.', MARK]) {
    await sender.send(`${BASE}/${name}/prompt`, '{"box":[1,2,30,40]}');
    await sender.send(`${BASE}/request/${name}`, '{"transaction":"t"}');
  }
  const image = await readFile(join(PACKAGE_ROOT, 'assets/self-test/table.jpg'));
  const prompts = JSON.stringify([{ id: MARK, label: `/tmp/${MARK}`, box: [585, 370, 792, 589] }]);
  for (const jobId of ['..', MARK])
    await sender.send('samwire/jobs', image, {
      properties: { userProperties: { jobId, prompts }, responseTopic: `samwire/reply/${MARK}` },
    });
}

async function sendOverHttp(url: string): Promise<void> {
  for (const evil of EVIL) {
    const name = encodeURIComponent(evil);
    const headers = { 'content-type': 'application/json' };
    const ask = async (path: string, init: RequestInit = {}): Promise<void> => {
      await (await fetch(url + path, init)).arrayBuffer();
    };
    for (const path of [
      `/${name}`,
      `/assets/${name}`,
      `/api/cameras/${name}/frame.jpg`,
      `/api/cameras/front/frame.jpg?overlay=${name}`,
    ])
      await ask(path);
    await ask(`/api/cameras/${name}/prompt`, { method: 'POST', headers, body: '{"box":[1,2,30,40]}' });
    await ask('/api/cameras/front/prompt', {
      method: 'POST',
      headers,
      body: JSON.stringify({ requestId: evil, box: [1, 2, 30, 40], label: evil }),
    });
    const form = new FormData();
    form.set('image', new Blob([evil]), evil);
    form.set('prompts', JSON.stringify([{ id: evil, box: [1, 2, 3, 4] }]));
    await ask('/api/segment', { method: 'POST', body: form });
  }
}

describe.skipIf(missing !== null)('what is sent to a node', () => {
  it('is in no path that the service opens, no socket that it connects to, and no program that it starts', async () => {
    const { url } = await broker();
    const folder = await directory();
    const port = await freePort();
    const trace = join(folder, 'trace');
    const config = join(folder, 'samwire.yaml');
    await writeFile(
      config,
      JSON.stringify(
        configOf(url, {
          cameras: { front: { source: 'test://ball', width: 64, height: 48, fps: 5 } },
          http: { host: '127.0.0.1', port },
          jobs: { enabled: true },
          outputs: { labels: true, frames: 'jpeg', visionMsgs: true },
          model: { cache: join(folder, 'cache'), threads: 1 },
          log: { level: 'trace' },
        }),
      ),
    );
    const calls = 'trace=%file,connect,execve,sendto';
    const options = [
      '-f',
      '-qq',
      '--seccomp-bpf',
      '-s',
      '300',
      '-e',
      calls,
      '-e',
      'signal=none',
      '-o',
      trace,
    ];
    const child = spawn(STRACE, [...options, process.execPath, MAIN, 'run', '--config', config], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    owe(async () => {
      // strace ends with what it follows; killed itself, it would leave that running.
      const followed = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
      if (followed !== '') process.kill(Number(followed), 'SIGKILL');
      await ended;
    });
    const sender = await client(url);
    await waitFor(
      () => sender.received.some(({ topic, json }) => topic === `${BASE}/state` && json.state === 'online'),
      'the node online',
    );
    await sendAll(sender);
    await sendOverHttp(`http://127.0.0.1:${port}`);
    await waitFor(
      () => sender.received.some(({ topic }) => topic === `samwire/reply/${MARK}`),
      'the answer to a job',
    );
    await sender.send(`${BASE}/request/info`, '{"transaction":"last"}');
    await waitFor(() => sender.received.some(({ json }) => json.transaction === 'last'), 'the last answer');
    const lines = readFileSync(trace, 'latin1').split('\n');
    // That the service's own paths and sockets are seen shows that the trace is whole.
    expect(lines.some((line) => line.includes(config))).toBe(true);
    expect(
      lines.some((line) => line.includes('connect(') && line.includes(`htons(${new URL(url).port})`)),
    ).toBe(true);
    expect(lines.some((line) => line.includes('jobs-at-work-n1.json'))).toBe(true);
    expect(lines.filter((line) => line.includes(MARK) || line.includes(`htons(${PORT})`))).toEqual([]);
    expect(existsSync(`/tmp/${MARK}`)).toBe(false);
  });
});
