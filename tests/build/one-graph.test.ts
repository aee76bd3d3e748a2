import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ensureEngines } from '../../src/build/ensure.js';
import { ConfigError } from '../../src/errors.js';
import { readModelDirectory } from '../../src/models/directory.js';
import { writeOneGraph, yoloImage } from '../graphs/kind-dir.js';
import { FASTSAM, yoloGraph } from '../graphs/yolo.js';
import { emptyDirectory } from '../models/directories.js';

describe('a model of one network', () => {
  async function ensure(backend: 'auto' | 'tensorrt' | 'onnx', lines: string[] = []) {
    const dir = join(await emptyDirectory(), 'fast');
    const image = yoloImage(FASTSAM.size);
    writeOneGraph(dir, yoloGraph(FASTSAM), { name: 'fast', family: 'fastsam', image });
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const model = await readModelDirectory(dir);
    return ensureEngines({ model, backend, cache: '/nowhere', maxPrompts: 8, threads: 1, log });
  }

  it('goes to the onnx backend where any will do, with a line in the log', async () => {
    const lines: string[] = [];
    expect(await ensure('auto', lines)).toMatchObject({
      engines: null,
      why: expect.stringContaining('fast is of family "fastsam", which the TensorRT backend does not run'),
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('TensorRT is not used: the onnx backend serves');
    expect((await ensure('onnx', lines)).engines).toBeNull();
    expect(lines).toHaveLength(1);
  });

  it('is refused where engines are asked for', async () => {
    await expect(ensure('tensorrt')).rejects.toThrow(ConfigError);
    await expect(ensure('tensorrt')).rejects.toThrow('set the backend to auto or onnx');
  });
});
