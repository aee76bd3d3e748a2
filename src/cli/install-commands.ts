import type { Command } from 'commander';
import type { InstallFlags, UninstallFlags } from './install.js';

/** `samwire install` and `samwire uninstall`; their code is loaded when they are called. */
export function addInstallCommands(command: (name: string, description: string) => Command): void {
  command('install', 'from a clone: program, user and service onto this machine; needs root')
    .option('--config <file>', 'becomes /etc/samwire/samwire.yaml; default: what is there, else an example')
    .option('--root <dir>', 'the system to install into, such as the root file system of an image', '/')
    .option('--dry-run', 'print what would be done')
    .action(async (options: InstallFlags) => {
      const { installCommand } = await import('./install.js');
      process.exitCode = installCommand(options);
    });

  command('uninstall', 'takes away what install did; config and state stay; needs root')
    .option('--purge', 'config, secrets, models, engines and the user too')
    .option('--root <dir>', 'the system to take it from', '/')
    .option('--dry-run', 'print what would be done')
    .action(async (options: UninstallFlags) => {
      const { uninstallCommand } = await import('./install.js');
      process.exitCode = uninstallCommand(options);
    });
}
