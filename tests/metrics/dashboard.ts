/** docs/grafana/samwire.json as Grafana reads it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly title: string;
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
}

export function dashboard(): Dashboard {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, 'docs/grafana/samwire.json'), 'utf8')) as Dashboard;
}

/** The query as Grafana sends it with all nodes, cameras and sources chosen. */
export function filledIn(expression: string, interval: string): string {
  return expression.replaceAll(/\$(node|camera|source)\b/g, '.*').replaceAll('$__rate_interval', interval);
}
