import { useEffect, useRef, useState } from 'preact/hooks';

/** Ms since the Unix epoch, anew every second: for ages and countdowns. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/**
 * The same by the node's clock, which its times are told by: that of a phone may be hours off. It goes on while nothing comes.
 * @param at The node's time in its newest status.
 */
export function useNodeNow(at: number | undefined): number {
  const now = useNow();
  const seen = useRef<number | undefined>(undefined);
  const aheadMs = useRef(0);
  if (at !== undefined && at !== seen.current) {
    seen.current = at;
    aheadMs.current = Date.now() - at;
  }
  return now - aheadMs.current;
}
