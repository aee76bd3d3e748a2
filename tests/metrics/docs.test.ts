import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withMetricsTable } from '../../src/metrics/docs-table.js';
import { type Description, Metrics } from '../../src/metrics/metrics.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { type Dashboard, dashboard, filledIn } from './dashboard.js';
import { madeFigures } from './figures.js';
import { NO_PROMETHEUS, promtool } from './prometheus.js';

const page = readFileSync(join(PACKAGE_ROOT, 'docs/metrics.md'), 'utf8');
const alerts = join(PACKAGE_ROOT, 'docs/grafana/alerts.yml');
const metrics = new Metrics({ look: async () => madeFigures(), log: { warn: () => {} } });
afterAll(() => metrics.close());
const known = new Map(metrics.descriptions().map((description) => [description.name, description]));

/** The metric that a name in a query is of. */
function metricOf(name: string): Description | undefined {
  const whole = name.replace(/_(bucket|sum|count)$/, '');
  return known.get(name) ?? (known.get(whole)?.type === 'histogram' ? known.get(whole) : undefined);
}

/** What of an expression no metric of ours has: names, and labels that they are asked by. */
function strangers(expression: string): string[] {
  const used = [...expression.matchAll(/\b((?:samwire|process|nodejs)_[a-z_]+)\b(?:\{([^}]*)\})?/g)];
  expect(used.length, expression).toBeGreaterThan(0);
  return used.flatMap(([, name = '', matchers = '']) => {
    const metric = metricOf(name);
    if (!metric) return [name];
    const labels = [...metric.labels, 'instance', 'job', 'le'];
    return [...matchers.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)]
      .map(([, label = '']) => label)
      .filter((label) => !labels.includes(label))
      .map((label) => `${name}.${label}`);
  });
}

describe('docs/metrics.md', () => {
  it('has the table of the metrics that there are (else run npm run generate)', () => {
    expect(page).toBe(withMetricsTable(page, metrics.descriptions()));
  });

  it('says of each drop where and why', async () => {
    const { text } = await metrics.text();
    const counted = [...text.matchAll(/^samwire_drops_total\{at="(\w+)",reason="(\w+)"\}/gm)].map(
      ([, at, reason]) => `${at} ${reason}`,
    );
    const section = page.slice(page.indexOf('### Drops'), page.indexOf('### Jetson'));
    const told = [...section.matchAll(/^\| (`.*?) \| .* \| (`.*) \|$/gm)].flatMap(
      ([, ats = '', reasons = '']) =>
        [...ats.matchAll(/`(\w+)`/g)].flatMap(([, at]) =>
          [...reasons.matchAll(/`(\w+)`/g)].map(([, reason]) => `${at} ${reason}`),
        ),
    );
    expect(told.filter((drop) => !drop.startsWith('at ')).sort()).toEqual(counted.sort());
  });
});

describe('the alert rules', () => {
  it('ask for metrics and labels that there are', () => {
    const text = readFileSync(alerts, 'utf8');
    const expressions = text.split('- alert:').slice(1);
    expect(expressions.length).toBeGreaterThan(10);
    const asked = expressions
      .map((rule) => /expr:(.*?)\n\s+(?:for|labels):/s.exec(rule)?.[1] ?? '')
      .filter((expression) => !/^\s*up\{/.test(expression));
    expect(asked.flatMap(strangers)).toEqual([]);
  });

  it.skipIf(NO_PROMETHEUS !== null)(
    'are taken by promtool, fire when they should, and else are silent',
    () => {
      promtool(['check', 'rules', alerts]);
      const tests = readFileSync(join(PACKAGE_ROOT, 'tests/metrics/alerts.test.yml'), 'utf8');
      const folder = mkdtempSync(join(tmpdir(), 'samwire-alerts-'));
      try {
        const path = join(folder, 'alerts.test.yml');
        writeFileSync(path, tests.replace('[ALERTS]', `[${alerts}]`));
        promtool(['test', 'rules', path]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

describe('the Grafana dashboard', () => {
  const { panels, templating, ...rest }: Dashboard = dashboard();
  const drawn = panels.filter(({ type }) => type !== 'row');

  it('can be imported: variables, ids of its own, a grid without overlaps', () => {
    expect(rest).toMatchObject({ title: 'Samwire', uid: 'samwire', schemaVersion: 39 });
    expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'node', 'camera', 'source']);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; ++x)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; ++y) {
          expect(x, title).toBeLessThan(24);
          expect(taken.has(`${x},${y}`), title).toBe(false);
          taken.add(`${x},${y}`);
        }
  });

  it('has a title, a description, the chosen data source and a query in each panel', () => {
    for (const { title, description, datasource, targets = [] } of drawn) {
      expect(title).not.toBe('');
      expect(description, title).toMatch(/\S/);
      expect(datasource, title).toEqual({
        type: 'prometheus',
        uid: expect.stringMatching(/^\$\{datasource\}$/),
      });
      expect(targets.length, title).toBeGreaterThan(0);
    }
  });

  it('asks for metrics and labels that there are', () => {
    const queries = drawn.flatMap(({ targets = [] }) => targets.map(({ expr }) => filledIn(expr, '1m')));
    const ofVariables = templating.list.flatMap(({ definition }) => definition ?? []);
    expect([...queries, ...ofVariables].flatMap(strangers)).toEqual([]);
    expect(queries.join()).not.toContain('$');
  });

  it('names what a line is by labels that it has', () => {
    for (const { title, targets = [] } of drawn)
      for (const { expr, legendFormat } of targets)
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
          const grouped = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/);
          const own = metricOf(/\b(?:samwire|process|nodejs)_[a-z_]+/.exec(expr)?.[0] ?? '')?.labels ?? [];
          expect(grouped ?? [...own, 'instance'], `${title}: ${legendFormat}`).toContain(label);
        }
  });
});
