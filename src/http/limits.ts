/** What one client, or all together, may take of the node; docs/http.md and docs/architecture.md have the same table. */
export interface HttpLimits {
  /** Headers and path of a request, bytes. */
  readonly headerBytes: number;
  /** From the connection's first byte, or the last answer, until a request's headers are whole, ms. */
  readonly headersMs: number;
  /** The same until its body is whole, ms: an upload of 20 MB at 3 Mbit/s. */
  readonly requestMs: number;
  /** A connection without a request, ms. */
  readonly keepAliveMs: number;
  /** An answer of which the client takes nothing for so long, ms. */
  readonly stalledAnswerMs: number;
  /** How often the first two are looked at, ms. */
  readonly checkMs: number;
  /** TCP connections, WebSockets among them. */
  readonly connections: number;
  /** Of them, how many one address may have; a proxy's clients have its address. */
  readonly connectionsPerAddress: number;
  /** Requests that are being read, worked at or answered; WebSockets are not counted. */
  readonly requests: number;
  /** How long requests at work may take when the service stops, ms. */
  readonly closeMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  headerBytes: 16_384,
  headersMs: 10_000,
  requestMs: 60_000,
  keepAliveMs: 10_000,
  stalledAnswerMs: 30_000,
  checkMs: 2000,
  connections: 128,
  connectionsPerAddress: 96,
  requests: 64,
  closeMs: 1500,
};
