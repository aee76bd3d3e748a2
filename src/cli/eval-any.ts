import type { PromptKind } from '../eval/types.js';
import type { ReportFlags } from './eval-report.js';
import { EXIT } from './exit.js';
import type { ModelFlags } from './open-model.js';

export interface EvalAnyCommand extends ModelFlags, ReportFlags {
  readonly annotations?: string;
  readonly images?: string;
  readonly edges?: string;
  readonly maps?: string;
  readonly maxDistance: number;
  readonly model: string;
  readonly prompt: PromptKind;
  readonly limit?: number;
  readonly logLevel: string | undefined;
}

/** `samwire eval`: masks against annotations, or edges against boundaries. */
export async function evalAnyCommand(command: EvalAnyCommand): Promise<number> {
  const { annotations, images, edges, maps } = command;
  if (edges !== undefined && annotations === undefined && (images === undefined) !== (maps === undefined)) {
    const { evalEdgesCommand } = await import('./eval-edges.js');
    return evalEdgesCommand({ ...command, edges });
  }
  if (annotations !== undefined && images !== undefined && edges === undefined && maps === undefined) {
    const { evalCommand } = await import('./eval.js');
    return evalCommand({ ...command, annotations, images });
  }
  process.stderr.write(
    'samwire: expected --annotations FILE and --images DIR for masks, or --edges DIR and either --images DIR or --maps DIR for edges\n',
  );
  return EXIT.usage;
}
