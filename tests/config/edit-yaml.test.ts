import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { YamlEdit } from '../../src/config/edit-yaml.js';

const TEXT = `# On top.
version: 1   # of the format
mqtt: { url: "mqtt://a", port: 1883, username: x } # one line

cameras:
  # The front door.
  front:
    source: test://pattern # a picture
    #width: 640
    detections:
      track: true
      topics:
        - a/b
        - c/d
  gate: &gate
    source: csi://0
  yard: *gate
`;

function edited(change: (edit: YamlEdit) => void, text = TEXT): string {
  const edit = new YamlEdit(text);
  change(edit);
  return edit.toString();
}

describe('an edit of a YAML text', () => {
  it('changes the key or value alone; comments, blanks and quotes stay', () => {
    const after = edited((edit) => {
      edit.set(['version'], 2);
      edit.rename(['mqtt', 'url'], 'broker');
      edit.set(['cameras', 'front', 'source'], 'v4l2:///dev/video0');
    });
    expect(after).toBe(
      TEXT.replace('version: 1 ', 'version: 2 ')
        .replace('url:', 'broker:')
        .replace('test://pattern', '"v4l2:///dev/video0"'),
    );
  });

  it('of nothing is the text, to the byte: also of the whole example, whatever its line ends', () => {
    const example = readFileSync('config/samwire.yaml', 'utf8');
    for (const text of [TEXT, example, example.replaceAll('\n', '\r\n'), '', '# only this', '[1, 2]'])
      expect(edited(() => {}, text)).toBe(text);
  });

  it('makes a comment of what goes away, over all its lines, and keeps the number of lines', () => {
    const after = edited((edit) => edit.remove(['cameras', 'front', 'detections', 'topics']));
    expect(after).toBe(
      TEXT.replace('topics:\n        - a/b\n        - c/d', '#topics:\n#        - a/b\n#        - c/d'),
    );
    expect(parse(after).cameras.front).toEqual({ source: 'test://pattern', detections: { track: true } });
  });

  it('leaves an empty mapping where its only key goes away', () => {
    const after = edited((edit) => edit.remove(['cameras', 'gate', 'source']));
    expect(parse(after).cameras).toMatchObject({ gate: {}, yard: {} });
  });

  it.each(['url', 'port', 'username'])('takes %s out of a mapping in one line, with a comma', (key) => {
    const after = edited((edit) => edit.remove(['mqtt', key]));
    const { [key]: _, ...others } = parse(TEXT).mqtt;
    expect(parse(after).mqtt).toEqual(others);
    expect(after).toContain('# one line');
  });

  it('does nothing where the key is not there, nor over one that has the new name', () => {
    const after = edited((edit) => {
      edit.rename(['mqtt', 'nothing'], 'something');
      edit.rename(['mqtt', 'port'], 'url');
      edit.set(['version', 'deeper'], 1);
      edit.set(['nowhere', 'deeper'], 1);
      edit.remove(['cameras', 'front', 'nothing']);
    });
    expect(after).toBe(TEXT);
  });

  it('reads keys and values', () => {
    const edit = new YamlEdit(TEXT);
    expect(edit.keys(['cameras'])).toEqual(['front', 'gate', 'yard']);
    expect(edit.keys(['version'])).toEqual([]);
    expect(edit.value(['cameras', 'front', 'detections', 'topics'])).toEqual(['a/b', 'c/d']);
    expect(edit.value(['version'])).toBe(1);
    expect(edit.value(['nowhere', 'deeper'])).toBeUndefined();
  });

  it('renames any key of any mapping without touching a value', () => {
    const key = fc.stringMatching(/^[a-z]{1,6}$/);
    const config = fc.dictionary(key, fc.oneof(fc.string(), fc.integer(), fc.dictionary(key, fc.string())), {
      minKeys: 1,
    });
    fc.assert(
      fc.property(config, fc.boolean(), (made, inOneLine) => {
        const text = inOneLine ? JSON.stringify(made) : `# made\n${JSON.stringify(made, null, 2)}\n`;
        const [first = ''] = Object.keys(made);
        const after = parse(edited((edit) => edit.rename([first], 'Renamed'), text));
        const { [first]: value, ...others } = made;
        expect(after).toEqual({ ...others, Renamed: value });
      }),
      { numRuns: 100 },
    );
  });
});
