import { doctorExitCode, doctorText, runDoctor } from '../health/doctor.js';

/** `samwire doctor`. Resolves to the exit code (see `doctorExitCode`). */
export async function doctorCommand(options: {
  readonly config?: string;
  readonly json?: boolean;
}): Promise<number> {
  const report = await runDoctor({ config: options.config });
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : doctorText(report));
  return doctorExitCode(report);
}
