/**
 * Detectors of four makes, one message a second in turn; some name their frame. Those of the front camera have their
 * objects followed, and look only a quarter of the time: following takes all that the model can do.
 */
import { type Paced, pace } from '../pace.js';
import { BASE, type Site } from '../site.js';

const EVERY_MS = 1000;
/** In turns: of each minute the front camera's detectors look so long. */
const MINUTE = 60;
const LOOKING = 15;

interface Detected {
  readonly topic: string;
  readonly payload: unknown;
}

type Make = (turn: number, seq: number | null) => Detected;

const front = `${BASE}/front/detections`;
const gate = `${BASE}/gate/detections`;

const MAKES: readonly Make[] = [
  (turn, seq) => ({
    topic: gate,
    payload: {
      requestId: `d${turn}`,
      ...(seq === null ? {} : { frame: { seq } }),
      detections: [
        { box: [300, 200, 700, 600], label: 'cup', score: 0.9, id: `cup-${turn % 7}` },
        { box: [900, 200, 1300, 800], label: 'person', score: 0.8 },
      ],
    },
  }),
  () => ({
    topic: gate,
    payload: {
      version: '4.0',
      id: '218',
      '@timestamp': new Date().toISOString(),
      sensorId: 'gate',
      objects: ['957|400|150|700|420|vehicle', '958|800|300|1200|900|person'],
    },
  }),
  (turn) => ({
    topic: front,
    payload: [{ image_id: turn, category_id: 1, bbox: [300, 200, 400, 420], score: 0.87 }],
  }),
  (turn) => ({
    topic: 'frigate/events',
    payload: {
      type: turn % 3 === 0 ? 'end' : 'update',
      before: { id: 'f-1', camera: 'front', label: 'person', score: 0.8, box: [100, 100, 500, 500] },
      after: {
        id: `f-${turn % 5}`,
        camera: 'front',
        label: 'person',
        score: 0.88,
        box: [100, 120, 500, 620],
      },
    },
  }),
];

export function detectionLoad(site: Site): Paced {
  const newest = new Map<string, number>();
  site.raw.on('message', (topic, payload) => {
    if (topic === `${BASE}/gate/frame`) newest.set('gate', JSON.parse(payload.toString()).seq);
  });
  return pace({
    everyMs: EVERY_MS,
    onError: (error) => site.tally.fail(`${error}`),
    work: async (turn) => {
      // While the broker is away detections are not kept for later: nobody wants old boxes.
      if (!site.raw.connected) return;
      if (turn % MINUTE === LOOKING)
        site.raw.publish(`${BASE}/request/tracks`, JSON.stringify({ camera: 'front', remove: 'all' }), {
          qos: 1,
        });
      const make = MAKES[turn % MINUTE < LOOKING ? turn % MAKES.length : turn % 2];
      const { topic, payload } = make?.(turn, newest.get('gate') ?? null) ?? { topic: front, payload: [] };
      site.tally.add('detections messages sent');
      site.raw.publish(topic, JSON.stringify(payload), { qos: 0 });
    },
  });
}
