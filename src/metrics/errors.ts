import { byKey, type Family } from './family.js';
import type { Figures } from './figures.js';

export const ERRORS: Family<Figures> = {
  kind: 'counter',
  name: 'samwire_errors_total',
  help: 'Errors that senders were told of, by code (docs/errors.md) and by how they had asked.',
  labels: ['code', 'over'],
  samples: ({ link, http }) =>
    Object.entries({ mqtt: link.errors, http: http.errors }).flatMap(([over, codes]) =>
      byKey('code', codes).map(({ labels, value }) => ({ labels: { ...labels, over }, value })),
    ),
};
