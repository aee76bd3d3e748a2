import { describe, expect, it } from 'vitest';
import { oneLine, statusLine } from '../../src/systemd/status-line.js';
import { camera, loading, vitals } from './vitals.js';

describe('the status line', () => {
  it('says what serves', () => {
    expect(statusLine(vitals())).toBe(
      'online: samwire-tiny on onnx; 1 of 1 camera streaming; broker mqtt://127.0.0.1:1883 connected',
    );
  });

  it('says what is wrong', () => {
    const cameras = [
      camera('front'),
      camera('left', 'failed', { message: 'No such device.' }),
      camera('off', 'disabled'),
    ];
    const broker = { url: 'mqtt://b:1883', connected: false, problem: 'Nothing listens at mqtt://b:1883.' };
    expect(statusLine(vitals({ cameras, broker }), ['the last reload was refused: 1 fault'])).toBe(
      'online: samwire-tiny on onnx; 1 of 2 cameras streaming (left failed: No such device.); ' +
        'broker mqtt://b:1883 not connected: Nothing listens at mqtt://b:1883.; the last reload was refused: 1 fault',
    );
  });

  it('says how far the building is', () => {
    const node = {
      ...{ state: 'building' as const, version: '0.1.0', backend: 'tensorrt', model: 'nanosam' },
      ...{ since: 0, progress: 0.436 },
    };
    const { load = null } = loading({ prolongs: true, step: 'encoder fp16: build' });
    expect(statusLine(vitals({ node, load, cameras: [] }))).toMatch(
      /^building TensorRT engines of nanosam, 43 % \(encoder fp16: build\); no camera;/,
    );
    expect(statusLine(vitals(loading({ problem: 'No memory.' })))).toMatch(
      /^starting: the model is being loaded \(the last try: No memory\.\);/,
    );
  });

  it('is one line of bounded length, without secrets', () => {
    const told = oneLine(`rtsp://user:hunter2@cam/1\n failed\u0007 ?token=abc ${'x'.repeat(2000)}`);
    expect(told).toMatch(/^rtsp:\/\/user:\*\*\*@cam\/1 failed \?token=\*\*\* xxx/);
    expect(told).toHaveLength(500);
  });
});
