/**
 * onnxruntime's official builds (1.29 and newer) send usage data to Microsoft and keep a device id in the home directory,
 * unless the environment says no before the library loads (https://github.com/microsoft/onnxruntime/pull/27379).
 * Imported for its effect, in the main thread: a worker's own `process.env` does not reach native code.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
