#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { maskSecrets } from '../secrets.js';
import { describeError, EXIT, exitCodeOf } from './exit.js';
import { addInstallCommands } from './install-commands.js';

// Each command's code is loaded when it is called, so that --help and a mistyped option answer at once.

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** As of `model.threads` in the config. */
const MAX_THREADS = 256;

function positiveNumber(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError(`Expected a number above 0, got "${text}".`);
}

const wholeFrom =
  (min: number, max: number) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}, got "${text}".`);
  };

const wholeNumber = wholeFrom(1, MAX_THREADS);
/** Of one run of a decoder: the largest bucket that engines are built for. */
const promptCount = wholeFrom(1, 64);
const coreNumber = wholeFrom(0, 15);
const megabytes = wholeFrom(1, 1_048_576);

function share(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError(`Expected a number from 0 to 1, got "${text}".`);
}

/** A day: no answer takes that long, and a timer takes no more than 24 days. */
const MAX_TIMEOUT_SEC = 86_400;

function seconds(text: string): number {
  const value = positiveNumber(text);
  if (value <= MAX_TIMEOUT_SEC) return value;
  throw new InvalidArgumentError(`Expected at most ${MAX_TIMEOUT_SEC} s, got "${text}".`);
}

function collect(text: string, previous: readonly string[]): string[] {
  return [...previous, text];
}

/** As of `log.level` in the config. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

const program = new Command('samwire')
  .description('Segment anything over MQTT: camera frames and prompts in, masks out.')
  .version(version)
  .addOption(
    new Option('--log-level <level>', 'how much to log').choices(LOG_LEVELS).env('SAMWIRE_LOG_LEVEL'),
  )
  .showHelpAfterError('(samwire --help lists the commands and options)')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text) });

/** Every command takes --log-level after its name as well. */
function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--log-level <level>', `how much to log: ${LOG_LEVELS.join(', ')}`);
}

interface LogOption {
  readonly logLevel?: string;
}
const logLevel = (options: LogOption): string | undefined =>
  options.logLevel ?? program.opts<LogOption>().logLevel;

command('run', 'the service: cameras in, prompts over MQTT, masks out')
  .option('--config <file>', 'default: /etc/samwire/samwire.yaml, else config/samwire.yaml')
  .action(async (options: LogOption & { config?: string }) => {
    const { runCommand } = await import('./run.js');
    process.exitCode = await runCommand({ config: options.config, logLevel: logLevel(options) });
  });

command(
  'demo',
  'a broker, the bundled model, a generated clip, prompts that follow its objects, and the console',
)
  .option('--source <uri>', 'a camera URI instead of the generated clip')
  .option('--once', 'stop after 3 s of frames with masks')
  .option('--out <dir>', 'where masks.json and overlay pictures go', 'samwire-out')
  .option('--no-open', 'do not open the console in the browser')
  .action(async (options: LogOption & { source?: string; once?: boolean; out: string; open: boolean }) => {
    const { demoCommand } = await import('./demo.js');
    process.exitCode = await demoCommand({
      source: options.source,
      once: options.once ?? false,
      out: options.out,
      open: options.open,
      logLevel: logLevel(options),
    });
  });

command('segment', 'one image, no broker')
  .argument('<image>', 'JPEG, PNG, WebP or TIFF')
  .requiredOption('--prompts <file>', 'a prompt message (JSON); - for standard input')
  .option('--model <name|dir>', 'a model of the catalogue, or a model directory', 'samwire-tiny')
  .addOption(new Option('--backend <backend>').choices(['auto', 'tensorrt', 'onnx']).default('auto'))
  .option('--format <list>', 'json, png, overlay', 'json,png,overlay')
  .option('--threads <n>', "onnxruntime's threads", wholeNumber, 2)
  .option('--json', 'print the masks message')
  .requiredOption('--out <dir>', 'where the results go')
  .action(async (image: string, options: LogOption & SegmentFlags) => {
    const { segmentCommand } = await import('./segment.js');
    process.exitCode = await segmentCommand({ ...options, image, logLevel: logLevel(options) });
  });

interface SegmentFlags {
  readonly prompts: string;
  readonly model: string;
  readonly backend: 'auto' | 'tensorrt' | 'onnx';
  readonly format: string;
  readonly threads: number;
  readonly json?: boolean;
  readonly out: string;
}

command('everything', 'all masks of one image, without prompts')
  .argument('<image>', 'JPEG, PNG, WebP or TIFF')
  .option('--model <name|dir>', 'a model of the catalogue, or a model directory', 'samwire-tiny')
  .addOption(new Option('--backend <backend>').choices(['auto', 'tensorrt', 'onnx']).default('auto'))
  .addOption(
    new Option(
      '--strategy <strategy>',
      'how prompts are chosen (default: hierarchical, or boxes with --boxes)',
    ).choices(['grid', 'hierarchical', 'boxes']),
  )
  .option('--grid <n>', 'points a side of the grid (default: 32)', wholeFrom(1, 128))
  .option(
    '--crops <n>',
    'layers of crops that are looked at as pictures of their own (default: 0)',
    wholeFrom(0, 3),
  )
  .option('--min-score <s>', "least predicted IoU (default: the model's, else 0.88)", share)
  .option('--min-stability <s>', "least stability score (default: the model's, else 0.95)", share)
  .option('--nms <iou>', 'of masks whose boxes overlap more the best one stays (default: 0.7)', share)
  .option(
    '--min-area <px>',
    'smaller holes are filled and smaller islands removed',
    wholeFrom(0, 1_000_000_000),
  )
  .option('--boxes <file>', 'boxes to segment (JSON): [[x1, y1, x2, y2], …]')
  .option('--edges', 'write an edge map too (edges.png); on the onnx backend')
  .option('--threads <n>', "onnxruntime's threads", wholeNumber, 2)
  .option('--json', 'print the masks message')
  .requiredOption('--out <dir>', 'where the results go')
  .action(async (image: string, options: LogOption & EverythingFlags) => {
    const { everythingCommand } = await import('./everything.js');
    process.exitCode = await everythingCommand({ ...options, image, logLevel: logLevel(options) });
  });

interface EverythingFlags {
  readonly model: string;
  readonly backend: 'auto' | 'tensorrt' | 'onnx';
  readonly strategy?: 'grid' | 'hierarchical' | 'boxes';
  readonly grid?: number;
  readonly crops?: number;
  readonly minScore?: number;
  readonly minStability?: number;
  readonly nms?: number;
  readonly minArea?: number;
  readonly boxes?: string;
  readonly edges?: boolean;
  readonly threads: number;
  readonly json?: boolean;
  readonly out: string;
}

command(
  'eval',
  "accuracy and speed of a model's masks over COCO annotations, or of its edges over boundaries",
)
  .option('--annotations <file>', 'COCO annotations (JSON): RLE or polygons')
  .option('--images <dir>', 'where the pictures are')
  .option('--edges <dir>', "annotators' boundaries: NAME.mat of BSDS500, or a PNG an annotator")
  .option('--maps <dir>', 'with --edges: score these edge maps (NAME.png) instead of a model')
  .option(
    '--max-distance <share>',
    'with --edges: how far a boundary may lie from the true one, as a share of the diagonal',
    positiveNumber,
    0.0075,
  )
  .option('--model <name|dir>', 'a model of the catalogue, or a model directory', 'samwire-tiny')
  .addOption(new Option('--backend <backend>').choices(['auto', 'tensorrt', 'onnx']).default('auto'))
  .addOption(
    new Option('--prompt <kind>', 'what the model is given of each mask')
      .choices(['box', 'point'])
      .default('box'),
  )
  .option('--limit <n>', 'the first n pictures only', wholeFrom(1, 1_000_000_000))
  .option('--json <file>', 'write the report as JSON; - for standard output')
  .option('--resume <file>', 'where the progress is kept (default: beside --json, while it runs)')
  .option('--threads <n>', "onnxruntime's threads", wholeNumber, 2)
  .action(async (options: LogOption & EvalFlags) => {
    const { evalAnyCommand } = await import('./eval-any.js');
    process.exitCode = await evalAnyCommand({ ...options, logLevel: logLevel(options) });
  });

interface EvalFlags {
  readonly annotations?: string;
  readonly images?: string;
  readonly edges?: string;
  readonly maps?: string;
  readonly maxDistance: number;
  readonly model: string;
  readonly backend: 'auto' | 'tensorrt' | 'onnx';
  readonly prompt: 'box' | 'point';
  readonly limit?: number;
  readonly json?: string;
  readonly resume?: string;
  readonly threads: number;
}

command('prompt', 'sends one prompt to a running node and prints the masks message')
  .option('--config <file>', "the node's own config")
  .option('--broker <url>', 'mqtt, mqtts, ws or wss URL of the broker')
  .option('--node <id>', "the node's id")
  .requiredOption('--camera <name>')
  .option('--box <x1,y1,x2,y2>', 'a box in source pixels; may be repeated', collect, [])
  .option(
    '--point <x,y[,label]>',
    'a point, label 1 foreground (default) or 0 background; may be repeated',
    collect,
    [],
  )
  .option('--timeout <s>', 'seconds to wait for the answer', seconds, 10)
  .option('--track', 'follow what is found, a line for each frame, until Ctrl-C or the end of the tracks')
  .option('--json', 'print the whole masks message as one line')
  .action(async (options: LogOption & PromptFlags) => {
    const { promptCommand } = await import('./prompt.js');
    process.exitCode = await promptCommand({ ...options, logLevel: logLevel(options) });
  });

interface PromptFlags {
  readonly config?: string;
  readonly broker?: string;
  readonly node?: string;
  readonly camera: string;
  readonly box: readonly string[];
  readonly point: readonly string[];
  readonly timeout: number;
  readonly track?: boolean;
  readonly json?: boolean;
}

const models = command('models', 'the model catalogue');
models
  .command('list')
  .description('every model that is found, with its family, licence and state')
  .option('--all', 'also the known ones that are not installed')
  .option('--config <file>', 'adds its model.paths')
  .option('--json', 'print JSON')
  .action(async (options: { all?: boolean; config?: string; json?: boolean }) => {
    const { listModelsCommand } = await import('./models.js');
    process.exitCode = await listModelsCommand(options);
  });
models
  .command('info')
  .argument('<name>', 'a model of `samwire models list --all`')
  .description('what is known of a model: licence, source, and the commands that make its ONNX files')
  .option('--config <file>', 'adds its model.paths')
  .option('--json', 'print JSON')
  .action(async (name: string, options: { config?: string; json?: boolean }) => {
    const { infoCommand } = await import('./models.js');
    process.exitCode = await infoCommand(name, options);
  });
models
  .command('verify')
  .argument('[name]', 'a model name or directory; every model when left out')
  .description('checks files, sha256, names, ranks and shapes against the manifest')
  .option('--config <file>', 'adds its model.paths')
  .option('--json', 'print JSON')
  .action(async (name: string | undefined, options: { config?: string; json?: boolean }) => {
    const { verifyModelsCommand } = await import('./models.js');
    process.exitCode = await verifyModelsCommand(name, options);
  });
models
  .command('add')
  .argument('<dir>', 'a directory with an encoder and a decoder ONNX file')
  .description('inspects the ONNX files, guesses the family and writes manifest.json')
  .option('--name <name>', "the model's name; default: that of the directory")
  .option(
    '--family <family>',
    'a model of `samwire models list --all`, or one of its families; default: guessed',
  )
  .option('--force', 'overwrite an existing manifest.json')
  .option('--json', 'print JSON')
  .action(async (dir: string, options: AddFlags) => {
    const { addModelCommand } = await import('./models.js');
    process.exitCode = await addModelCommand(dir, options);
  });

interface AddFlags {
  readonly name?: string;
  readonly family?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

models
  .command('build')
  .argument('<name>', 'a model name or directory')
  .description('builds the TensorRT engines of this machine and holds their masks against the onnx backend')
  .addOption(
    new Option(
      '--precision <precision>',
      'of both parts; default: as the manifest says, and lower if need be',
    ).choices(['fp16', 'mixed', 'fp32', 'int8']),
  )
  .option('--max-prompts <n>', 'prompts in one run, 1 to 64; default: model.maxPrompts', promptCount)
  .option('--dla <n>', 'builds the encoder for this DLA core', coreNumber)
  .option(
    '--workspace-mb <mb>',
    'memory that TensorRT may use while it runs an engine (default: 1024)',
    megabytes,
  )
  .option('--config <file>', 'its model.paths, model.cache and model.maxPrompts')
  .option('--force', 'build them anew, also when they are current')
  .option('--json', 'print progress and result as lines of JSON')
  .action(async (name: string, options: BuildFlags) => {
    const { buildModelCommand } = await import('./models-build.js');
    process.exitCode = await buildModelCommand(name, {
      ...options,
      logLevel: program.opts<LogOption>().logLevel,
    });
  });

interface BuildFlags {
  readonly precision?: 'fp16' | 'mixed' | 'fp32' | 'int8';
  readonly maxPrompts?: number;
  readonly dla?: number;
  readonly workspaceMb?: number;
  readonly config?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

command('check-config', 'validates a config file and prints every fault with its path')
  .argument('[file]')
  .option('--migrate', 'writes a config of an older version anew, and keeps a copy of it')
  .option('--json', 'print JSON')
  .action(async (file: string | undefined, options: { json?: boolean; migrate?: boolean }) => {
    const { checkConfigCommand } = await import('./check-config.js');
    process.exitCode = await checkConfigCommand(file, options);
  });

command('doctor', 'what this machine has and lacks, each problem with its remedy')
  .option('--config <file>', 'checks its cameras, broker and models too')
  .option('--json', 'print JSON')
  .action(async (options: { config?: string; json?: boolean }) => {
    const { doctorCommand } = await import('./doctor.js');
    process.exitCode = await doctorCommand(options);
  });

addInstallCommands(command);

process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // The reader has what it wanted: `samwire … | head -1`.
  if (code === 'EPIPE') return;
  process.stderr.write(`samwire: Standard output can't be written (${code}).\n`);
  process.once('exit', () => {
    process.exitCode = EXIT.failed;
  });
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    process.stderr.write(`samwire: ${maskSecrets(describeError(error))}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
