import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // The addon's threads and GStreamer's live as long as their process: one process a file keeps files apart.
    pool: 'forks',
    // More than the two cores of CI: integration tests wait for half of their time.
    maxWorkers: 3,
    // Some tests load onnxruntime by themselves; see src/onnx/no-telemetry.ts.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
