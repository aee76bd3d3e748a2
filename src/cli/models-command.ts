/** What the commands need from whoever calls them. */
export interface ModelsCommand {
  /** Config `model.paths`. */
  readonly paths: readonly string[];
  readonly json: boolean;
  /** Takes one finished line, without its end. */
  readonly write: (line: string) => void;
}
