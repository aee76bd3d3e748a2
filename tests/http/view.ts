/** A node made of doubles, as the HTTP server sees it. */
import type { Camera } from '../../src/frames/camera.js';
import { RecentErrors } from '../../src/health/recent-errors.js';
import { createHttpCounters } from '../../src/http/counters.js';
import { MasksNews } from '../../src/http/create-view.js';
import type { NodeView } from '../../src/http/node-view.js';
import type { NativeAddon } from '../../src/native/types.js';
import { TestService } from '../mqtt/service.js';
import { FakeCamera } from '../pipeline/doubles.js';

export interface TestView extends NodeView {
  readonly service: TestService;
  /** Handles on frames that are out, by frame id. */
  readonly handles: Map<number, number>;
  /** The same cameras as `cameras`: the test makes their frames and sets their state. */
  readonly doubles: ReadonlyMap<string, FakeCamera>;
}

/** A node with the cameras `front` and `gate`; the addon does no more than count released frames. */
export function testView(parts: Partial<NodeView> = {}): TestView {
  const handles = new Map<number, number>();
  const doubles = new Map(['front', 'gate'].map((name) => [name, new FakeCamera(name, handles)]));
  const news = new MasksNews();
  const addon: Partial<NativeAddon> = {
    releaseFrame: (id) => void handles.set(id, (handles.get(id) ?? 0) - 1),
  };
  return {
    id: 'n1',
    version: '0.1.0',
    addon: addon as NativeAddon,
    cameras: doubles as unknown as ReadonlyMap<string, Camera>,
    limits: { maxBytes: 262_144, maxPrompts: 64, maxPoints: 64 },
    maxUploadBytes: 500_000,
    maxImagePixels: 1_000_000,
    answerKeepMs: 60_000,
    servesJobs: false,
    state: () => ({ state: 'online', version: '0.1.0', backend: 'onnx', model: 'test-model', since: 0 }),
    broker: () => ({
      url: 'mqtt://127.0.0.1:1883',
      connected: true,
      protocol: '5',
      problem: null,
      retries: 0,
    }),
    asyncApi: () => '{}',
    stats: () => ({}),
    reload: () => ({ changed: [] }),
    errors: new RecentErrors(),
    counters: createHttpCounters(),
    onMasks: news.onMasks,
    announceMasks: (camera, masks) => camera !== null && news.announce(camera, masks),
    drawable: ({ masks }) => masks.flatMap((mask) => ('error' in mask ? [] : [mask])),
    metrics: () => Promise.resolve({ contentType: 'text/plain; charset=utf-8', text: '' }),
    served: () => {},
    ...parts,
    service: new TestService(),
    handles,
    doubles,
  };
}
