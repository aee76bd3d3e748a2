import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Where the files are that take the longest: begun last, one of them would run alone in the end. */
const LONG = /tests\/(?:build|browser|integration\/service)\//;

/**
 * What begins no process and no camera: their files share processes, since one for each takes a quarter of a second
 * (measured with 52 files: 23 s of CPU time, and 10 s so). A module stays as the file before left it, so here is also
 * nothing that loads a config or reads a secret, which src/secrets.ts then hides wherever it stands.
 */
const LIGHT = [
  'tests/{architecture,clock}.test.ts',
  'tests/{asyncapi,console,detections,eval,everything,frames,metrics,models,mqtt,onnx,outputs,pipeline,prompts}/**/*.test.ts',
];
const ALL = ['tests/**/*.test.ts'];

/** Long files first, then by their sizes. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        // The addon's threads and GStreamer's live as long as their process: one process a file keeps files apart.
        test: { name: 'apart', include: ALL, exclude: LIGHT },
      },
      { extends: true, test: { name: 'together', include: LIGHT, isolate: false } },
    ],
    sequence: { sequencer: LongFirst },
    // More than the two cores of CI: integration tests wait for half of their time.
    maxWorkers: 3,
    // Some tests load onnxruntime by themselves; see src/onnx/no-telemetry.ts.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    // Long enough for a machine that does ten other things as well: only a test that fails takes so long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 10_000,
  },
});
