import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { errorMessageSchema, masksMessageSchema } from '../../../src/outputs/masks-schema.js';
import { samwire } from '../../cli/samwire.js';
import { semanticModel } from '../../graphs/semantics.js';
import { decodeRle } from '../../segment/coco-rle.js';
import { expectedMasks, maskIou } from '../../segment/expected.js';
import { testPicture } from '../../segment/picture.js';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll } from '../mqtt/harness.js';
import {
  BASE,
  configOf,
  directory,
  itemOf,
  ready,
  run,
  seen,
  semanticConfig,
  stillCamera,
} from './harness.js';

const model = semanticModel('nanosam');
const picture = testPicture(160, 120);

async function setUp() {
  const { url } = await broker();
  const watcher = await client(url);
  const cameras = { front: await stillCamera(picture) };
  const config = configOf(url, { cameras, model: await semanticConfig(model) });
  const service = await run(config);
  await ready(watcher, 'front');
  return { url, watcher, config, service };
}

describe.skipIf(brokerMissing() !== null)('samwire prompt', () => {
  afterEach(closeAll);

  it('ends with 1 when every prompt failed alone', async () => {
    const { url } = await setUp();
    const where = ['--broker', url, '--node', BASE.split('/')[1] ?? '', '--camera', 'front', '--json'];
    const outside = await samwire(['prompt', ...where, '--box', '900,900,1000,1000']);
    expect(JSON.parse(outside.stdout).masks).toMatchObject([{ error: { code: 'invalid_message' } }]);
    expect(outside.code).toBe(1);
    const half = await samwire(['prompt', ...where, '--box', '900,900,1000,1000', '--box', '20,15,110,100']);
    expect(half.code).toBe(0);
  });

  it('prints the masks of a running node, by its config or by broker and node', async () => {
    const { url, config } = await setUp();
    const path = join(await directory(), 'samwire.yaml');
    await writeFile(path, JSON.stringify(config));
    const prompt = ['prompt', '--camera', 'front', '--timeout', '30', '--json'];
    const box = ['--box', '20,15,110,100'];
    const points = ['--point', '60,50', '--point', '120,30,0'];

    const byConfig = await samwire([...prompt, '--config', path, ...box, ...points]);
    expect(byConfig.stderr).toBe('');
    expect(byConfig.code).toBe(0);
    const both = masksMessageSchema.parse(JSON.parse(byConfig.stdout));
    const [expected] = expectedMasks(model, picture, {
      id: 'prompt-1',
      box: [20, 15, 110, 100],
      points: [
        { x: 60, y: 50, label: 1 },
        { x: 120, y: 30, label: 0 },
      ],
    });
    const { rle } = itemOf(both, 'prompt-1');
    expect(maskIou(decodeRle(rle ?? { size: [1, 1], counts: '1' }), expected?.mask ?? [])).toBeGreaterThan(
      0.999,
    );

    const where = ['--broker', url, '--node', 'n1'];
    const byBroker = await samwire([...prompt, ...where, ...box, '--box', '10,10,50,50', ...points]);
    expect(byBroker.code).toBe(0);
    const ids = masksMessageSchema.parse(JSON.parse(byBroker.stdout)).masks.map(({ id }) => id);
    expect(ids).toEqual(['box-1', 'box-2', 'points-1']);

    const unknown = await samwire(['prompt', ...where, '--camera', 'back', '--json', ...box]);
    expect(unknown.code).toBe(1);
    expect(errorMessageSchema.parse(JSON.parse(unknown.stdout))).toMatchObject({ code: 'unknown_camera' });
  });

  it('says which node answers nothing, with 69', async () => {
    const { url } = await setUp();
    const where = ['--broker', url, '--node', 'n2', '--camera', 'front', '--timeout', '1'];
    const { code, stderr } = await samwire(['prompt', ...where, '--box', '1,2,30,40']);
    expect(stderr).toContain('samwire/n2/state');
    expect(code).toBe(69);
  });
});

describe.skipIf(brokerMissing() !== null)('a second node with the same id', () => {
  afterEach(closeAll);

  it('takes the place of the first, which ends with 78 and says why', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const config = configOf(url, { cameras: { front: await stillCamera(picture) }, model: { threads: 1 } });
    const first = await run(config, { endsByItself: true });
    await ready(watcher, 'front');
    const from = watcher.received.length;
    await run(config);
    expect(await first.ended).toBe(78);
    expect(first.log()).toContain('Give each node its own node.id');
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'online', from);
    const last = watcher.received.findLast(({ topic }) => topic === `${BASE}/state`);
    expect(last?.json.state).not.toBe('stopped');
  });
});

describe.skipIf(brokerMissing() !== null)('a snapshot', () => {
  afterEach(closeAll);

  it('is the camera’s picture, with the masks of the last answer where they are asked for', async () => {
    const { watcher } = await setUp();
    const pictures: Buffer[] = [];
    for (const [transaction, overlay] of [
      ['plain', false],
      ['drawn', true],
    ] as const) {
      await watcher.send(`${BASE}/front/prompt`, { requestId: transaction, box: [20, 15, 110, 100] });
      await watcher.next(
        ({ topic, json }) => topic === `${BASE}/front/masks` && json.requestId === transaction,
      );
      await watcher.send(`${BASE}/request/snapshot`, { transaction, camera: 'front', overlay });
      const { json } = await watcher.next(
        (message) =>
          message.topic === `${BASE}/response/snapshot` && message.json.transaction === transaction,
      );
      expect(json).toMatchObject({ status: 'ok', data: { width: 160, height: 120 } });
      const { jpeg } = json.data as { readonly jpeg: string };
      pictures.push(Buffer.from(jpeg, 'base64'));
    }
    const [plain, drawn] = pictures;
    expect(plain?.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
    expect(drawn?.equals(plain ?? Buffer.alloc(0))).toBe(false);
  });
});
