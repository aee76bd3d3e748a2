// The control files of the .deb: what it is, what it needs, sums of its files.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Who built it, as Debian's tools are told; by default nobody that could be written to. */
const { DEBFULLNAME = 'Samwire', DEBEMAIL = 'samwire@localhost' } = process.env;
export const MAINTAINER = `${DEBFULLNAME} <${DEBEMAIL}>`;

/** Needed whatever the libraries say. */
const DEPENDS = [
  'systemd | systemd-standalone-sysusers | systemd-sysusers',
  'passwd',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
];
/** H.264 and H.265 on the CPU, CSI bayer, WebRTC and more; a Jetson has NVIDIA's own decoders. */
const RECOMMENDS = ['gstreamer1.0-plugins-bad', 'gstreamer1.0-libav'];
const SUGGESTS = ['mosquitto', 'mosquitto-clients'];

export function architecture() {
  return execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
}

/** 1.2.0-rc.1 comes before 1.2.0, also for dpkg. */
export const debianVersion = (version) => version.replace('-', '~');

/**
 * What the packaged programs and libraries are linked to, as dependencies, from this machine's packages.
 * @param work a folder that has `debian/samwire`, the package's tree
 */
export function libraryDependencies(work, elfFiles) {
  writeFileSync(join(work, 'debian/control'), 'Source: samwire\n\nPackage: samwire\nArchitecture: any\n');
  const args = ['-O', '--warnings=0', '-Sdebian/samwire', '-xsamwire'];
  // libonnxruntime and libvips lie beside who uses them, and are no package's.
  const out = execFileSync('dpkg-shlibdeps', [...args, ...elfFiles.map((file) => `-e${file}`)], {
    cwd: work,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return (/^shlibs:Depends=(.*)$/m.exec(out)?.[1] ?? '').split(', ').filter(Boolean);
}

/** Fills the folder DEBIAN of the package's tree. `files`: paths below it. */
export function writeControl({ tree, files, version, scripts, depends, kibibytes }) {
  const folder = join(tree, 'DEBIAN');
  const sums = files.map(
    (file) => `${createHash('md5').update(readFileSync(file)).digest('hex')}  ${relative(tree, file)}\n`,
  );
  writeFileSync(join(folder, 'md5sums'), sums.join(''));
  for (const name of ['preinst', 'postinst', 'prerm', 'postrm']) {
    cpSync(join(scripts, name), join(folder, name));
    chmodSync(join(folder, name), 0o755);
  }
  writeFileSync(join(folder, 'control'), controlText({ version, depends, kibibytes }));
}

function controlText({ version, depends, kibibytes }) {
  return `Package: samwire
Version: ${debianVersion(version)}
Section: video
Priority: optional
Architecture: ${architecture()}
Maintainer: ${MAINTAINER}
Installed-Size: ${kibibytes}
Depends: ${[...depends, ...DEPENDS].join(', ')}
Recommends: ${RECOMMENDS.join(', ')}
Suggests: ${SUGGESTS.join(', ')}
Description: segment anything over MQTT
 A service that reads cameras, takes prompts (points, boxes, masks) and the
 boxes of detectors over MQTT or HTTP, and answers with the masks of objects,
 as COCO RLE, polygons or PNG. It serves any network of the segment anything
 kind: on the CPU, or with TensorRT where NVIDIA's libraries are. A small model
 comes with it, and so does a console for the browser.
`;
}
