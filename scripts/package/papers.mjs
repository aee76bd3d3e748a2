// What Debian wants to read beside a program: copyright, changelog, pages, and why lintian is wrong here.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { debianVersion, MAINTAINER } from './control.mjs';

const NODE_LICENCES = [
  '../LICENSE',
  '../share/doc/nodejs/LICENSE',
  '../share/doc/node/LICENSE',
  '../share/doc/nodejs/copyright',
];

/** Node's own licence text, beside the binary or where its package keeps it. */
export function nodeLicence(node) {
  const paths = NODE_LICENCES.map((path) => join(dirname(node), path));
  const path = paths.find((one) => existsSync(one) && readFileSync(one, 'utf8').includes('Node.js'));
  if (path) return readFileSync(path, 'utf8');
  throw new Error(
    `The licence of ${node} must go along, and is in none of ${paths.join(', ')}. Name its file: --node-licence FILE`,
  );
}

/** An SPDX expression as Debian writes it. */
const debianLicence = (spdx) =>
  spdx.replace(/[()]/g, '').replaceAll(' OR ', ' or ').replaceAll(' AND ', ' and ');

/** Machine-readable copyright: each npm package with the licence that it names; the texts lie beside their code. */
export function copyrightText(modules) {
  const stanza = ({ path, name, version, licence }) =>
    `Files: usr/lib/samwire/${path}/*\nCopyright: the authors of ${name} ${version}\nLicense: ${debianLicence(licence)}\n`;
  const names = new Set(modules.map(({ licence }) => debianLicence(licence)));
  names.delete('Apache-2.0');
  const texts = [...names]
    .sort()
    .map((name) => `License: ${name}\n The text lies in the folder of each package of this licence.\n`);
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: samwire\n',
    'Files: *\nCopyright: 2025-2026 the Samwire authors\nLicense: Apache-2.0\n',
    'Files: usr/lib/samwire/bin/node\nCopyright: 2009-2026 Node.js contributors, and the authors of what it contains\nLicense: node\n',
    ...modules.map(stanza),
    'License: Apache-2.0\n On Debian systems, the text is in /usr/share/common-licenses/Apache-2.0.\n',
    'License: node\n The whole text is in /usr/share/doc/samwire/LICENSE.node.\n',
    ...texts,
  ].join('\n');
}

export function changelogText(version, epochSec) {
  const date = new Date(epochSec * 1000).toUTCString().replace('GMT', '+0000');
  return `samwire (${debianVersion(version)}) stable; urgency=medium\n\n  * What changed stands in CHANGELOG.md.\n\n -- ${MAINTAINER}  ${date}\n`;
}

/** Writes usr/share/doc/samwire and lintian's overrides into the package's tree. */
export function writePapers({ root, tree, version, epochSec, modules, licence }) {
  const doc = join(tree, 'usr/share/doc/samwire');
  mkdirSync(doc, { recursive: true });
  const gzip = (text) => gzipSync(text, { level: 9 });
  writeFileSync(join(doc, 'copyright'), copyrightText(modules));
  writeFileSync(join(doc, 'LICENSE.node'), licence);
  writeFileSync(join(doc, 'changelog.gz'), gzip(changelogText(version, epochSec)));
  for (const name of ['README.md', 'CHANGELOG.md'])
    writeFileSync(join(doc, name), readFileSync(join(root, name)));
  symlinkSync('../../../lib/samwire/docs', join(doc, 'docs'));
  const overrides = join(tree, 'usr/share/lintian/overrides');
  mkdirSync(overrides, { recursive: true });
  writeFileSync(join(overrides, 'samwire'), readFileSync(join(root, 'packaging/debian/lintian-overrides')));
}
