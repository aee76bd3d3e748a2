import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { maskSecrets, readSecretFile } from '../../src/config/secrets.js';
import { UnavailableError } from '../../src/errors.js';

describe('masking', () => {
  it.each([
    ['rtsp://user:secret@10.0.0.5/stream', 'rtsp://user:***@10.0.0.5/stream'],
    ['rtsp://user:se@c/ret@10.0.0.5/stream', 'rtsp://user:***@10.0.0.5/stream'],
    ['rtsp://10.0.0.5:554/stream', 'rtsp://10.0.0.5:554/stream'],
    ['rtsp://h/x?user=a&password=secret&channel=1', 'rtsp://h/x?user=a&password=***&channel=1'],
    [
      'gst://rtspsrc location="rtsp://u:secret@h/x" ! decodebin',
      'gst://rtspsrc location="rtsp://u:***@h/x" ! decodebin',
    ],
    ['gst://rtspsrc user-id=u user-pw=secret ! fakesink', 'gst://rtspsrc user-id=u user-pw=*** ! fakesink'],
    ['gst://srtsrc passphrase = "se cret" ! x', 'gst://srtsrc passphrase = *** ! x'],
    ['Could not open rtsp://u:secret@h/x: no route', 'Could not open rtsp://u:***@h/x: no route'],
    ['v4l2:///dev/video0', 'v4l2:///dev/video0'],
    ['file:///srv/a@b:c.mp4', 'file:///srv/a@b:c.mp4'],
  ])('of %s gives %s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
  });

  it('leaves nothing of any password of a camera URI', () => {
    const password = fc.string({ unit: 'binary', minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(password, fc.constantFrom('rtsp', 'rtsps', 'mqtt', 'wss'), (secret, scheme) => {
        expect(maskSecrets(`${scheme}://user:${secret}@10.0.0.5/live`)).toBe(
          `${scheme}://user:***@10.0.0.5/live`,
        );
      }),
    );
  });

  it('takes no long time for any text', () => {
    const started = performance.now();
    maskSecrets('a://b:'.repeat(5_000));
    maskSecrets(`gst://${'pass'.repeat(20_000)}`);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('a secret file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'samwire-secret-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'password');

  it.each([
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    [' se cret \n\n', ' se cret \n'],
    ['', ''],
  ])('with %j is %j', (content, secret) => {
    writeFileSync(file, content);
    expect(readSecretFile(file)).toBe(secret);
  });

  it('that is missing, a folder or endless is an error with its path', () => {
    for (const path of [join(folder, 'none'), folder, '/dev/zero']) {
      expect(() => readSecretFile(path)).toThrow(UnavailableError);
      expect(() => readSecretFile(path)).toThrow(path);
    }
  });
});
