import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../src/config/load.js';
import { ConfigError, type ConfigFault } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'samwire-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MINIMAL = 'version: 1\nmqtt: { url: mqtt://127.0.0.1:1883 }\n';
const CAMERA = `${MINIMAL}cameras: { front: { source: 'test://pattern' } }\n`;

function faultsOf(text: string, env: Record<string, string> = {}): readonly ConfigFault[] {
  try {
    parseConfig(text, '/etc/samwire/samwire.yaml', env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

const pathsOf = (text: string) => faultsOf(text).map(({ path }) => path);
const configOf = (text: string) => parseConfig(text, '/etc/samwire/samwire.yaml').config;

describe('an address that other machines reach', () => {
  it.each(['0.0.0.0', '::', '192.168.1.7', 'robot.local', '127.0.0.1.example'])(
    '%s needs a token',
    (host) => {
      const http = (more: string) => `${MINIMAL}http: { host: '${host}'${more} }`;
      expect(faultsOf(http(''))).toMatchObject([{ path: 'http.tokenFile' }]);
      expect(faultsOf(http(', tokenFile: null'))).toMatchObject([{ path: 'http.tokenFile' }]);
      expect(faultsOf(http(', tokenFile: /run/token'))).toEqual([]);
      expect(faultsOf(http(', enabled: false'))).toEqual([]);
    },
  );

  it.each(['127.0.0.1', '127.3.2.1', 'localhost', '::1'])('%s is none', (host) => {
    expect(faultsOf(`${MINIMAL}http: { host: '${host}' }`)).toEqual([]);
  });

  it('is told with what to set', () => {
    expect(() => parseConfig(`${MINIMAL}http: { host: 0.0.0.0 }`, '/x.yaml')).toThrow(
      /http\.tokenFile.*a file with a token.*http\.host: 127\.0\.0\.1/s,
    );
  });
});

describe('a valid config', () => {
  it('gets every default that the docs name', () => {
    const config = configOf(CAMERA);
    expect(config.mqtt).toEqual({
      url: 'mqtt://127.0.0.1:1883',
      protocol: 'auto',
      baseTopic: 'samwire',
      sessionExpirySec: 3600,
      answerKeepMs: 60_000,
      maxPacketBytes: 262_144,
      responseTopics: ['samwire/reply/#'],
    });
    expect(config.cameras.front).toEqual({
      source: 'test://pattern',
      enabled: true,
      clockOffsetMs: 0,
      historyMs: 500,
      weight: 1,
      everything: { every: 0, strategy: 'hierarchical', grid: 32 },
      detections: {
        topics: [],
        format: 'auto',
        sources: [],
        minScore: 0.4,
        classes: [],
        max: 32,
        time: 'payload',
        toleranceMs: 50,
        clockOffsetMs: 0,
        track: true,
      },
    });
    expect(config.node.id).toMatch(/^[A-Za-z0-9._:-]{1,64}$/);
    expect(config.pipeline).toEqual({
      maxAgeMs: 1000,
      queue: 64,
      rateLimit: { perClientPerSec: 100, perCameraPerSec: 60 },
      maxImagePixels: 50_000_000,
    });
  });

  it('has response topics under its own base topic', () => {
    const config = configOf('version: 1\nmqtt: { url: mqtt://h, baseTopic: site/a }\n');
    expect(config.mqtt.responseTopics).toEqual(['site/a/reply/#']);
  });

  it('takes durations in the unit of their key, or with a unit of their own', () => {
    const config = configOf(`${MINIMAL.replace(' }', ', sessionExpirySec: 2h, answerKeepMs: 1.5s }')}
cameras: { front: { source: 'csi://0', historyMs: 250, clockOffsetMs: -20ms, everything: { every: 5m } } }
stats: { intervalMs: '3000' }
pipeline: { maxAgeMs: 2 min }
`);
    expect(config.mqtt.sessionExpirySec).toBe(7200);
    expect(config.mqtt.answerKeepMs).toBe(1500);
    expect(config.cameras.front?.historyMs).toBe(250);
    expect(config.cameras.front?.clockOffsetMs).toBe(-20);
    expect(config.cameras.front?.everything.every).toBe(300_000);
    expect(config.stats.intervalMs).toBe(3000);
    expect(config.pipeline.maxAgeMs).toBe(120_000);
  });

  it('has paths that are absolute, from the folder of the file', () => {
    const config = configOf(`version: 1
mqtt: { url: mqtts://h, username: u, passwordFile: ./secret, tls: { ca: ../ca.pem } }
model: { paths: [./models], cache: /var/cache/x }
`);
    expect(config.mqtt.passwordFile).toBe('/etc/samwire/secret');
    expect(config.mqtt.tls?.ca).toBe('/etc/ca.pem');
    expect(config.model.paths).toEqual(['/etc/samwire/models']);
    expect(config.model.cache).toBe('/var/cache/x');
  });

  it('takes the MQTT version as a number as well as a text', () => {
    expect(configOf(MINIMAL.replace(' }', ', protocol: 5 }')).mqtt.protocol).toBe('5');
    expect(configOf(MINIMAL.replace(' }', ', protocol: 3.1.1 }')).mqtt.protocol).toBe('3.1.1');
  });

  it('has no camera that it does not name, whatever the prototype of objects holds', () => {
    const config = configOf(CAMERA);
    expect(config.cameras.constructor).toBeUndefined();
    expect(config.cameras.toString).toBeUndefined();
  });

  it('follows aliases', () => {
    const config = configOf(`${MINIMAL}cameras: { a: &a { source: 'csi://0', fps: 30 }, b: *a }\n`);
    expect(config.cameras.b?.fps).toBe(30);
  });
});

describe('a faulty config', () => {
  it('is told every fault at once, in the order of the file, with line and column', () => {
    const faults = faultsOf(`version: 1
mqtt:
  url: http://broker
cameras:
  front: { source: 'csi://0', fsp: 30, fps: 999 }
  state: { source: 'csi://1' }
stats: { intervalMs: soon }
`);
    expect(faults.map(({ path, line, column }) => [path, line, column])).toEqual([
      ['mqtt.url', 3, 8],
      ['cameras.front.fsp', 5, 31],
      ['cameras.front.fps', 5, 45],
      ['cameras.state', 6, 3],
      ['stats.intervalMs', 7, 22],
    ]);
    expect(faults[1]).toMatchObject({ suggestion: 'fps', got: 'the unknown key "fsp"' });
    expect(faults[2]).toMatchObject({ expected: 'a number from 0.1 to 240', got: '999' });
    expect(faults[4]?.got).toBe('"soon"');
  });

  it('says what is missing, and where it should stand', () => {
    expect(faultsOf('mqtt: {}\n')).toEqual([
      {
        path: 'version',
        expected: '1, the version of this format: the line "version: 1"',
        got: 'nothing',
        line: 1,
        column: 1,
      },
      {
        path: 'mqtt.url',
        expected: 'a broker URL such as mqtt://broker.local:1883 (mqtt, mqtts, ws or wss)',
        got: 'nothing',
        line: 1,
        column: 7,
      },
    ]);
    expect(pathsOf('')).toEqual(['version', 'mqtt']);
  });

  it('names the whole path of a key that belongs into another mapping', () => {
    expect(faultsOf(`${MINIMAL}url: mqtt://h\n`)[0]?.suggestion).toBe('mqtt.url');
    expect(faultsOf(`${MINIMAL}histroyMs: 3\n`)[0]?.suggestion).toBe('cameras.<name>.historyMs');
  });

  it('lists the known keys where none is near', () => {
    const [fault] = faultsOf(`${MINIMAL}log: { zzzzzzzzzzzz: 1 }\n`);
    expect(fault?.suggestion).toBeUndefined();
    expect(fault?.expected).toBe('one of the known keys level, pretty');
  });

  it.each([
    ['a duplicate key', 'version: 1\nversion: 1\n', 2],
    ['a tab as indentation', 'mqtt:\n\turl: x\n', 2],
    ['two documents', 'version: 1\n---\nversion: 1\n', 2],
    ['an unknown tag', 'version: !!js/function 1\n', 1],
    ['a list as a key', '[a]: 1\n', 1],
    ['the key __proto__', 'version: 1\ncameras: { __proto__: { source: "csi://0" } }\n', 2],
  ])('is refused for %s, with its line', (_, text, line) => {
    const faults = faultsOf(text);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]?.line).toBe(line);
  });

  it('is refused for a bomb of aliases, in no time', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`)}]`);
    expect(faultsOf(`l0: &l0 [x]\n${levels.join('\n')}\n`)[0]?.expected).toBe('a plain YAML file');
  });

  it('is refused for an alias of itself', () => {
    expect(pathsOf(`${MINIMAL}cameras: &c { front: *c }\n`)).not.toEqual([]);
  });

  it('is refused for nesting by the thousand', () => {
    expect(faultsOf(`${'['.repeat(20_000)}`)).not.toEqual([]);
  });

  it('may not give a password without a user, nor certificates without TLS, nor half a key pair', () => {
    expect(pathsOf(MINIMAL.replace(' }', ', passwordFile: /p }'))).toEqual(['mqtt.username']);
    expect(pathsOf(MINIMAL.replace(' }', ', tls: { ca: /c } }'))).toEqual(['mqtt.tls']);
    expect(pathsOf('version: 1\nmqtt: { url: mqtts://h, tls: { cert: /c } }')).toEqual(['mqtt.tls']);
  });

  it('may not take jobs over MQTT 3.1.1', () => {
    const of = (protocol: string, enabled: boolean) =>
      pathsOf(`${MINIMAL.replace(' }', `, protocol: ${protocol} }`)}jobs: { enabled: ${enabled} }`);
    expect(of('3.1.1', true)).toEqual(['mqtt.protocol']);
    expect(of('3.1.1', false)).toEqual([]);
    expect(of('5', true)).toEqual([]);
  });

  it('is told of faults across keys together with all others', () => {
    expect(pathsOf('version: one\nmqtt: { url: mqtt://h, passwordFile: /p, answerKeepMs: -1 }')).toEqual([
      'version',
      'mqtt.username',
      'mqtt.answerKeepMs',
    ]);
  });
});

describe('values that are refused', () => {
  const camera = (settings: string) => `${MINIMAL}cameras: { front: { ${settings} } }`;
  it.each([
    'request',
    'response',
    'state',
    'stats',
    '.',
    '..',
    'a/b',
    'a b',
    '"#"',
    '""',
    'ü',
    'x'.repeat(65),
  ])('the camera name %s', (name) => {
    expect(faultsOf(`${MINIMAL}cameras: { ${name}: { source: 'csi://0' } }`)).toHaveLength(1);
  });

  it.each(['jobs', 'job', 'a/b', '"+"', '""', 'x'.repeat(65)])('the node id %s', (id) => {
    expect(pathsOf(`${MINIMAL}node: { id: ${id} }`)).toEqual(['node.id']);
  });

  it.each([
    'http://x',
    'csi://',
    'csi://64',
    'csi:0',
    'v4l2://dev/video0',
    'rtsp://',
    'rtsp:///path',
    'rtsp://a:b/c@host/path',
    'file://clip.mp4',
    'test://',
    'shm://x',
    'shm:///tmp/camera',
    'shm:///tmp/camera?width=640',
    'gst://',
    'gst:// ',
    '/dev/video0',
  ])('the source %s', (source) => {
    expect(pathsOf(camera(`source: '${source}'`))).toEqual(['cameras.front.source']);
  });

  it.each([
    'csi://0',
    'csi://12',
    'v4l2:///dev/video0',
    'v4l2:///dev/v4l/by-id/usb-046d_C920-video-index0?format=mjpeg',
    'rtsp://10.0.0.5/stream',
    'rtsp://user:p%40ss@camera.local:554/h264?profile=1',
    'rtsps://[fe80::1]:322/x',
    'file:///srv/a clip.mp4?loop=1',
    'test://pattern',
    'shm:///tmp/camera?width=640&height=480',
    'gst://videotestsrc ! videoconvert',
  ])('but not the source %s', (source) => {
    expect(faultsOf(camera(`source: '${source}'`))).toEqual([]);
  });

  it.each([
    'mqtt://user:secret@h',
    'mqtt://user@h',
    'http://h',
    'mqtt://',
    'mqtt://h:99999',
    'mqtt://h/path',
    'mqtt://h?x=1',
    'ws://h#x',
    'h:1883',
  ])('the broker URL %s', (url) => {
    expect(pathsOf(`version: 1\nmqtt: { url: '${url}' }`)).toEqual(['mqtt.url']);
  });

  it.each(['mqtt://h', 'mqtts://h:8883', 'ws://h/mqtt', 'wss://h:443/mqtt', 'mqtt://[::1]:1883'])(
    'but not the broker URL %s',
    (url) => {
      expect(faultsOf(`version: 1\nmqtt: { url: '${url}' }`)).toEqual([]);
    },
  );

  it.each(['/a', 'a/', 'a//b', '+', 'a/#', '$SYS', '', 'x'.repeat(257), 'a\\u0000'])(
    'the base topic %s',
    (topic) => {
      expect(pathsOf(`version: 1\nmqtt: { url: mqtt://h, baseTopic: "${topic}" }`)).toEqual([
        'mqtt.baseTopic',
      ]);
    },
  );

  it.each(['', 'a/#/b', 'a+', '#a', 'a/b#', '$share/g/a'])('the topic filter "%s"', (filter) => {
    expect(pathsOf(`version: 1\nmqtt: { url: mqtt://h, responseTopics: ["${filter}"] }`)).toEqual([
      'mqtt.responseTopics.0',
    ]);
  });

  it.each(['#', '+', 'a/#', '+/a/+', 'a/b', 'a/+/#'])('but not the topic filter "%s"', (filter) => {
    expect(faultsOf(`version: 1\nmqtt: { url: mqtt://h, responseTopics: ["${filter}"] }`)).toEqual([]);
  });

  it.each([
    ['fps', '.nan'],
    ['fps', '.inf'],
    ['fps', '1e308'],
    ['fps', '0'],
    ['fps', '"30"'],
    ['width', '1920.5'],
    ['height', '-1'],
    ['historyMs', '61s'],
    ['historyMs', '0.5'],
    ['historyMs', '1 fortnight'],
    ['weight', '0'],
    ['enabled', 'yes'],
    ['everything', '{ every: 10 }'],
    ['everything', '{ every: 10ms }'],
    ['detections', '{ format: frigat }'],
    ['detections', '{ frameSize: [1280] }'],
    ['detections', '{ classes: [cup, cup] }'],
    ['depth', '{ source: "test://ball" }'],
  ])('%s: %s', (key, value) => {
    const paths = pathsOf(camera(`source: 'csi://0', ${key}: ${value}`));
    expect(paths).toHaveLength(1);
    expect(paths[0]).toMatch(new RegExp(`^cameras\\.front\\.${key}`));
  });
});

describe('secrets', () => {
  const secret = 'hunter2';
  it.each([
    ['credentials in the broker URL', `version: 1\nmqtt: { url: "mqtt://robot:${secret}@h" }`],
    ['a broker URL without its scheme', `version: 1\nmqtt: { url: "robot:${secret}@h:1883" }`],
    ['a password with odd characters', `version: 1\nmqtt: { url: "mqtt://robot: ${secret}@/ @h" }`],
    ['a password instead of its file', `${MINIMAL.replace(' }', `, passwordFile: ${secret} }`)}`],
    ['a token instead of its file', `${MINIMAL}http: { tokenFile: ${secret} }`],
    ['an unknown password key', `${MINIMAL.replace(' }', `, password: ${secret} }`)}`],
    ['a faulty camera URI', `${MINIMAL}cameras: { a: { source: "rtsp://admin:${secret}/@10.0.0.5" } }`],
    ['a camera URI of another scheme', `${MINIMAL}cameras: { a: { source: "https://admin:${secret}@h/" } }`],
  ])('are not printed for %s', (_, text) => {
    const faults = faultsOf(text);
    expect(faults.length).toBeGreaterThan(0);
    expect(JSON.stringify(faults)).not.toContain(secret);
  });

  it('belong into files, says the fault of a URL with credentials', () => {
    expect(faultsOf('version: 1\nmqtt: { url: "mqtt://u:p@h" }')[0]?.expected).toContain('mqtt.passwordFile');
  });
});

describe('a detector’s topic', () => {
  const withTopic = (topic: string): string =>
    `version: 1
node: { id: n1 }
mqtt: { url: mqtt://h, baseTopic: site/a }
cameras: { front: { source: 'csi://0', detections: { topics: ['${topic}'] } } }
`;

  it.each([
    '#',
    'site/#',
    'site/+/+/front/detections',
    'site/a/n1/#',
    'site/a/n1/front/masks',
    '+/a/n1/+/prompt',
  ])('is none that the node has itself, as %s', (topic) => {
    expect(faultsOf(withTopic(topic))).toMatchObject([
      { path: 'cameras.front.detections.topics.0', expected: expect.stringContaining('site/a/n1/…') },
    ]);
  });

  it.each([
    'frigate/events',
    'site/a/n2/#',
    'site/+/n2/front/detections',
    'site/a/n1/front/detections',
    '+/events',
  ])('may be %s', (topic) => {
    expect(faultsOf(withTopic(topic))).toEqual([]);
  });
});

describe('pictures of frames', () => {
  it('can’t be named over MQTT 3.1.1, which is a fault', () => {
    const config = (protocol: string) =>
      `version: 1\nmqtt: { url: mqtt://h, protocol: ${protocol} }\noutputs: { frames: jpeg }\n`;
    expect(faultsOf(config('3.1.1'))).toMatchObject([{ path: 'outputs.frames' }]);
    expect(faultsOf(config('auto'))).toEqual([]);
  });
});

describe('a valid config', () => {
  it('is warned of where it has no enabled camera', () => {
    expect(parseConfig(CAMERA, '/x.yaml').warnings).toEqual([]);
    const idle = `${MINIMAL}cameras: { front: { source: 'test://pattern', enabled: false } }`;
    expect(parseConfig(idle, '/x.yaml').warnings.map(({ path }) => path)).toEqual(['cameras']);
    expect(parseConfig(`${idle}\njobs: { enabled: true }`, '/x.yaml').warnings).toEqual([]);
  });
});

describe('the file and the environment', () => {
  const file = join(folder, 'samwire.yaml');
  writeFileSync(file, CAMERA);

  it('is named by SAMWIRE_CONFIG where no path is given, and its log level by SAMWIRE_LOG_LEVEL', () => {
    const loaded = loadConfig(undefined, { SAMWIRE_CONFIG: file, SAMWIRE_LOG_LEVEL: 'debug' });
    expect(loaded.path).toBe(file);
    expect(loaded.config.log.level).toBe('debug');
  });

  it('is the path given before that of the environment', () => {
    expect(loadConfig(file, { SAMWIRE_CONFIG: '/nowhere.yaml' }).path).toBe(file);
  });

  it('has its faults told together with an unknown SAMWIRE_LOG_LEVEL', () => {
    const paths = faultsOf('version: 1', { SAMWIRE_LOG_LEVEL: 'loud' }).map(({ path }) => path);
    expect(paths).toEqual(['mqtt', 'SAMWIRE_LOG_LEVEL']);
  });

  it.each([
    ['a file that is not there', join(folder, 'none.yaml'), 'no such file'],
    ['a folder', folder, 'it is a folder'],
    ['an endless file', '/dev/zero', 'too large'],
  ])('is refused with its path for %s', (_, path, reason) => {
    expect(() => loadConfig(path, {})).toThrow(ConfigError);
    expect(() => loadConfig(path, {})).toThrow(reason);
    expect(() => loadConfig(path, {})).toThrow(path);
  });

  it('is refused when it is not UTF-8', () => {
    const latin1 = join(folder, 'latin1.yaml');
    writeFileSync(latin1, Buffer.from('version: 1 # \xfc', 'latin1'));
    expect(() => loadConfig(latin1, {})).toThrow('UTF-8');
  });
});
