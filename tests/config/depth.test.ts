import { describe, expect, it } from 'vitest';
import { sourcePath } from '../../src/config/addresses.js';
import { parseConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/errors.js';

const INTRINSICS = '{ fx: 600, fy: 600, cx: 320, cy: 240 }';

function parse(depth: string) {
  const text = `version: 1\nmqtt: { url: mqtt://h }\ncameras: { front: { source: 'csi://0', depth: { ${depth} } } }\n`;
  return parseConfig(text, '/x.yaml');
}

function faultOf(depth: string): { path: string; expected: string } | undefined {
  try {
    parse(depth);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults[0] as { path: string; expected: string };
    throw error;
  }
  return undefined;
}

describe('numbered pictures', () => {
  it('are where the first one is', () => {
    expect(sourcePath('file:///clip/%05d.png')).toBe('/clip/00000.png');
    expect(sourcePath('file:///a%20b/%03d.jpg?loop=1&start=12')).toBe('/a b/012.jpg');
    expect(sourcePath('shm:///tmp/%05d')).not.toContain('00000');
  });
});

describe('cameras.*.depth', () => {
  it('is served, with its defaults', () => {
    const { config, warnings } = parse(`source: 'gst://zedsrc', intrinsics: ${INTRINSICS}`);
    expect(warnings).toEqual([]);
    expect(config.cameras.front?.depth).toEqual({
      source: 'gst://zedsrc',
      intrinsics: { fx: 600, fy: 600, cx: 320, cy: 240 },
      scale: 0.001,
      toleranceMs: 33,
      clockOffsetMs: 0,
    });
  });

  it.each(['rtsp://h/depth', 'rtsps://h/depth', 'csi://1'])('refuses %s, which carries 8 bits', (source) => {
    const fault = faultOf(`source: '${source}', intrinsics: ${INTRINSICS}`);
    expect(fault?.path).toBe('cameras.front.depth.source');
    expect(fault?.expected).toContain('16-bit depth');
  });

  it('asks for the size of shm:// pictures', () => {
    const without = `source: 'shm:///tmp/depth', intrinsics: ${INTRINSICS}`;
    expect(faultOf(without)?.path).toBe('cameras.front.depth.source');
    expect(faultOf(`${without}, width: 848, height: 480`)).toBeUndefined();
    expect(
      faultOf(`source: 'shm:///tmp/depth?width=848&height=480', intrinsics: ${INTRINSICS}`),
    ).toBeUndefined();
  });

  it.each([
    ['range', '[6, 0.3]'],
    ['range', '[0.3]'],
    ['range', '6'],
    ['toleranceMs', '-1'],
    ['scale', '0'],
    ['fps', '0'],
    ['tolerance', '5'],
  ])('refuses %s: %s', (key, value) => {
    const fault = faultOf(`source: 'gst://zedsrc', intrinsics: ${INTRINSICS}, ${key}: ${value}`);
    expect(fault?.path).toMatch(new RegExp(`^cameras\\.front\\.depth\\.${key}`));
  });

  it('refuses intrinsics that lack a number or have a focal length of 0', () => {
    expect(faultOf(`source: 'gst://zedsrc', intrinsics: { fx: 600, fy: 600, cx: 1 }`)?.path).toBe(
      'cameras.front.depth.intrinsics.cy',
    );
    expect(faultOf(`source: 'gst://zedsrc', intrinsics: { fx: 0, fy: 6, cx: 1, cy: 1 }`)?.path).toBe(
      'cameras.front.depth.intrinsics.fx',
    );
  });
});
