/** The `jobs` block of the config (docs/config.md), in the config's own names. */
export interface JobsOptions {
  /** Nodes of one group share its jobs. */
  readonly group: string;
  /** Jobs at the same time, each on a connection of its own. */
  readonly inFlight: number;
  /** How long the broker keeps what it has dealt to this node while the node is away. */
  readonly sessionExpirySec: number;
  /** Larger jobs are refused unread. */
  readonly maxPacketBytes: number;
}

/** What the config does not say in its `jobs` block. */
export interface JobsPlace {
  /** Where the jobs at work are written down. */
  readonly begunPath: string;
}
