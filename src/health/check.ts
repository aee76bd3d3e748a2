export type CheckStatus = 'ok' | 'warn' | 'fail' | 'skipped';

/** One line of `samwire doctor`: what was looked at, what was found, and for a problem the remedy. */
export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** Never a secret: URIs stand here masked. */
  readonly found: string;
  /** What to do, with the exact command where there is one. */
  readonly remedy?: string;
  /** Whose failure it is: of the config itself, of something that the config asks for, else of this machine. */
  readonly of?: 'config' | 'configured';
}
