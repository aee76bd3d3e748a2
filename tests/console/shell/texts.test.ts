import { describe, expect, it } from 'vitest';
import { partsOf } from '../../../console/src/shell/parts.js';
import { isAnother, scriptsOf } from '../../../console/src/shell/reload.js';
import { placeOf, remedyOf } from '../../../console/src/shell/remedy.js';
import { ERROR_CODES } from '../../../src/errors.js';

describe('partsOf', () => {
  it('knows names and links', () => {
    expect(partsOf('raise `a.b`; [cameras.md](cameras.md)')).toEqual([
      { text: 'raise ', code: false },
      { text: 'a.b', code: true },
      { text: '; ', code: false },
      { text: 'cameras.md', code: false },
    ]);
  });

  it('leaves a text without marks, or with half of one, as it is', () => {
    expect(partsOf('a ` b')).toEqual([{ text: 'a ` b', code: false }]);
    expect(partsOf('')).toEqual([]);
  });
});

describe('an error', () => {
  it('has a remedy, whatever its code and its source', () => {
    const sources = ['message', 'camera', 'broker', 'model'] as const;
    const remedies = sources.flatMap((source) => [
      remedyOf({ source }),
      ...ERROR_CODES.map((code) => remedyOf({ source, code })),
    ]);
    expect(remedies.filter((text) => !/^[`A-Z].{10,}\.$/.test(text))).toEqual([]);
    expect(remedyOf({ source: 'message', code: 'expired' })).toMatch(/^Send less often/);
  });

  it('says where it happened', () => {
    expect(placeOf({ source: 'camera', camera: 'front' })).toBe('Camera front');
    expect(placeOf({ source: 'message', camera: 'front' })).toBe('Message for front');
    expect(placeOf({ source: 'broker' })).toBe('Broker');
  });
});

describe('the served page', () => {
  it('is another than the shown one where its scripts are others', () => {
    const html = '<script type="module" crossorigin src="/assets/index-Ab1.js"></script><link href="/a.css">';
    expect(scriptsOf(html)).toEqual(['/assets/index-Ab1.js']);
    expect(isAnother(html, ['/assets/index-Ab1.js'])).toBe(false);
    expect(isAnother(html, ['/assets/index-Xy9.js'])).toBe(true);
    expect(isAnother('<h1>A proxy: bad gateway</h1>', ['/assets/index-Ab1.js'])).toBe(false);
  });
});
