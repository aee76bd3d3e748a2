import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskLine, maskSecrets, maskTyped, rememberSecret, rememberSecretsOf } from '../src/secrets.js';

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
    [
      'gst://souphttpsrc extra-headers="h,Authorization=(string)Bearer-x" ! y',
      'gst://souphttpsrc extra-headers="h,Authorization=(string)***" ! y',
    ],
    ['the server refused Authorization: Bearer abcd.efgh', 'the server refused Authorization: Bearer ***'],
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

  it.each([
    ['user:secret@host', 'user:***@host'],
    ['mqtt://user:secret@host', 'mqtt://user:***@host'],
    ['robot', 'robot'],
  ])('of what a person typed, %s, gives %s', (text, masked) => {
    expect(maskTyped(text)).toBe(masked);
  });

  it('takes a time that grows with the text, not with its square', () => {
    for (const piece of ['a://b:', '://:', 'pass', 'user-pw=', 'Bearer ', 'token="']) {
      const cpuMs = (count: number): number => {
        const text = `gst://${piece.repeat(count)}`;
        const { user } = process.cpuUsage();
        maskSecrets(text);
        return (process.cpuUsage().user - user) / 1000;
      };
      cpuMs(1000);
      // Of the processor's time, which other work on the machine does not lengthen much: with a square it would be 16 times.
      expect(cpuMs(20_000), piece).toBeLessThan(10 * cpuMs(5000) + 200);
    }
  });
});

describe('a secret that was read', () => {
  it('is hidden wherever it stands, as it is and as URLs and JSON write it', () => {
    rememberSecret('odd "se/cret@');
    for (const text of ['x odd "se/cret@ y', `x ${encodeURIComponent('odd "se/cret@')} y`])
      expect(maskSecrets(text)).toBe('x *** y');
    const line = JSON.stringify({ msg: 'x odd "se/cret@ y' });
    expect(JSON.parse(maskLine(line))).toEqual({ msg: 'x *** y' });
  });

  it('may stand in a camera source, encoded', () => {
    rememberSecretsOf('rtsp://u:camera%2Fpass9@h/x');
    rememberSecretsOf('gst://rtspsrc user-pw="property pass9" ! fakesink');
    expect(maskLine('{"msg":"with camera/pass9 and camera%2Fpass9 and property pass9"}')).toBe(
      '{"msg":"with *** and *** and ***"}',
    );
  });

  it('of a few characters is left, for it would stand in any word', () => {
    rememberSecret('tick');
    expect(maskLine('{"msg":"ticket"}')).toBe('{"msg":"ticket"}');
  });
});
