import { type Recipe, recipes } from './recipes.js';
import { commandsOrigin, type System, systems, verifiedHow } from './systems.js';

const BEGIN = '<!-- catalogue: begin (made by dist/models/generate.js) -->';
const END = '<!-- catalogue: end -->';

/** docs/models.md with its table of systems made anew from the catalogue. */
export function withSystemsTable(page: string): string {
  return between(page, systemsTable());
}

/** docs/catalogue.md with each system's licence, source and commands made anew from the catalogue. */
export function withConversions(page: string): string {
  return between(page, systems().map(conversion).join('\n\n'));
}

function between(page: string, text: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`Expected the lines ${BEGIN} and ${END} in the page.`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`;
}

function systemsTable(): string {
  const head = ['system', 'models', 'status', 'input', 'decoder', 'prompts', 'verified how'];
  const rows = [...systems()].sort(byName).map((system) => {
    const recipe = recipes().get(system.recipe ?? '');
    return [
      systemCell(system),
      system.models.map(({ name }) => `\`${name}\``).join(', '),
      statusCell(system),
      recipe ? inputCell(system, recipe) : '–',
      recipe?.decoder ?? '–',
      recipe?.prompts ?? '–',
      verifiedHow(system).join('; ') || '–',
    ];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function byName(a: System, b: System): number {
  return a.system.localeCompare(b.system, 'en', { sensitivity: 'base' });
}

function systemCell({ system }: System): string {
  return `[${system}](catalogue.md#${anchor(system)})`;
}

/** As GitHub makes a heading's anchor. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/ /g, '-');
}

function statusCell({ refused, codePublic }: System): string {
  if (refused !== undefined) return `refused: ${lowered(refused)}`;
  return codePublic ? 'runs' : 'runs; no public code, the contract is from the paper';
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function inputCell({ models }: System, { image }: Recipe): string {
  if (image.fit === 'native') return "the picture's own size; the network resizes by itself";
  const sizes = [...new Set(models.flatMap(({ size }) => (size === undefined ? [] : [size])))];
  const padded = image.pad === 'after-normalise' ? 'zeros' : `grey ${image.pad}`;
  const fit = {
    letterbox: `longest side, ${padded} at the right and bottom`,
    'letterbox-centred': `longest side, centred on ${padded}`,
    stretch: 'stretched',
  }[image.fit];
  return `${sizes.map((size) => `${size}²`).join(', ')}; ${fit}; ${image.filter}`;
}

function conversion(system: System): string {
  const { refused, convert, models, notes } = system;
  const lines = [`## ${system.system}`, '', ...factLines(system)];
  if (refused !== undefined) lines.push('', `Samwire does not run it. ${refused}.`);
  if (convert.length > 0) {
    lines.push('', commandsOrigin(system), '', '```sh', ...convert);
    const [only, ...others] = models;
    const name = others.length === 0 && only ? only.name : 'NAME';
    lines.push(`samwire models add DIR --family ${name}`, '```');
    lines.push(...valuesTable(system));
  }
  if (notes.length > 0) lines.push('', ...notes.map((note) => `- ${note}`));
  return lines.join('\n');
}

function factLines({ paper, repository, commit, licence, models, recipe, otherRecipes }: System): string[] {
  const weights = models
    .filter((model) => model.weights.length > 0)
    .map((model) => `\`${model.name}\` ${model.weights.map((link) => `<${link}>`).join(' ')}`);
  return [
    ...(paper === undefined ? [] : [`- Paper: <https://arxiv.org/abs/${paper}>`]),
    ...(repository === undefined
      ? []
      : [`- Repository: <${repository}>, read at ${commit ?? 'an unknown state'}`]),
    `- Licence of the weights: ${licence.weights}${licence.code === undefined ? '' : `; of the code: ${licence.code}`}`,
    ...weights.map((text) => `- Weights: ${text}`),
    ...(recipe === undefined ? [] : [`- Recipe: \`${recipe}\``]),
    ...otherRecipes.map((name) => `- Exported in another way: \`--family ${name}\``),
  ];
}

/** What stands for `{…}` in the commands, where models differ. */
function valuesTable({ models, convert }: System): string[] {
  const keys = Object.keys(models[0]?.values ?? {}).filter((key) =>
    convert.some((line) => line.includes(`{${key}}`)),
  );
  if (keys.length === 0) return [];
  const rows = models.map(({ name, values }) => [
    `\`${name}\``,
    ...keys.map((key) => `\`${values[key] ?? ''}\``),
  ]);
  const head = ['`NAME`', ...keys.map((key) => `\`{${key}}\``)];
  return ['', ...[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)];
}
