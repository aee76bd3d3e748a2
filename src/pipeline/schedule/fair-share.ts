/**
 * Shares of the model's time by weight: start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996). Each account has a
 * tag, the virtual time at which its next run starts; the least tag goes first, and a run moves its account's tag on
 * by the time that it took, divided by the weight. So whoever sends heavy requests gets fewer of them.
 */
export interface Account {
  /** Virtual ms. */
  tag: number;
}

/** Runs' worth of time that an account keeps when it has had nothing to do: enough to be late once, no hoard. */
const CREDIT_RUNS = 4;

export class FairShare {
  /** Start of the run that was begun last. */
  #virtualMs = 0;

  /** An account that owes nothing and is owed nothing. */
  open(): Account {
    return { tag: this.#virtualMs };
  }

  /** The account has work again; of what it left unused it keeps a few runs' time. */
  join(account: Account, { weight, runMs }: { readonly weight: number; readonly runMs: number }): void {
    account.tag = Math.max(account.tag, this.#virtualMs - (CREDIT_RUNS * runMs) / weight);
  }

  /** A run of the account begins, which is expected to take `ms`; what it took besides is charged at its end. */
  begin(account: Account, { weight, ms }: { readonly weight: number; readonly ms: number }): void {
    this.#virtualMs = Math.max(this.#virtualMs, account.tag);
    charge(account, { weight, ms });
  }
}

export function charge(
  account: Account,
  { weight, ms }: { readonly weight: number; readonly ms: number },
): void {
  account.tag += ms / weight;
}
