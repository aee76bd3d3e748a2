/** Where things lie on a machine where Samwire is installed, by the .deb and by `samwire install` alike (docs/install.md). */
export const LAYOUT = {
  program: '/usr/lib/samwire',
  launcher: '/usr/bin/samwire',
  unit: '/lib/systemd/system/samwire.service',
  user: '/usr/lib/sysusers.d/samwire.conf',
  manual: '/usr/share/man/man1/samwire.1.gz',
  configFolder: '/etc/samwire',
  config: '/etc/samwire/samwire.yaml',
  state: '/var/lib/samwire',
  cache: '/var/cache/samwire',
} as const;

/** In the program's folder: it was put there by `samwire install`, not by dpkg. packaging/debian/preinst looks for it. */
export const FROM_CLONE = '.from-clone';

/** Within a clone, and within an installed program: the maintainer scripts that set up and clear away what is no file. */
export const SCRIPTS = 'packaging/debian';
