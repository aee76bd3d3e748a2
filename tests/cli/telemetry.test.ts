import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { encode, testPicture } from '../segment/picture.js';
import { emptyDirectory, samwire } from './samwire.js';

describe("onnxruntime's telemetry", () => {
  it.each(['segment', 'models verify'])('never starts in `samwire %s`', async (command) => {
    const dir = await emptyDirectory();
    const [home, temporary, model] = [join(dir, 'home'), join(dir, 'tmp'), join(dir, 'model')];
    await Promise.all([home, temporary].map((path) => mkdir(path)));
    writeSemanticModel(model, semanticModel('nanosam', { batch: 1 }));
    await writeFile(join(dir, 'image'), await encode(testPicture(64, 48)));
    await writeFile(join(dir, 'prompts.json'), JSON.stringify({ id: 'a', box: [5, 5, 40, 40] }));
    const segment = ['segment', join(dir, 'image'), '--prompts', join(dir, 'prompts.json'), '--model', model];
    const args =
      command === 'segment' ? [...segment, '--out', join(dir, 'out')] : ['models', 'verify', model];
    // It also keeps quiet by itself where CI is set, which would prove nothing.
    const { CI, ORT_DISABLE_TELEMETRY, ...env } = process.env;
    const { code, stderr } = await samwire(args, '', { ...env, HOME: home, TMPDIR: temporary });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    // A session file and a log in the one, a device id and a queue of events in the other.
    expect(await readdir(temporary)).toEqual([]);
    expect(await readdir(home)).not.toContain('.cache');
  });
});
