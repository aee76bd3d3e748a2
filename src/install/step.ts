/** One thing that an installation does, as it is told to whoever watches, and as it is done. */
export interface Step {
  readonly what: string;
  readonly run: () => void;
}

/** Does one step after the other, each told before; with `dryRun` they are only told. */
export function runSteps(
  steps: readonly Step[],
  options: { readonly dryRun: boolean; readonly tell: (line: string) => void },
): void {
  for (const { what, run } of steps) {
    options.tell(what);
    if (!options.dryRun) run();
  }
}
