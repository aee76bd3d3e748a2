import { useEffect, useState } from 'preact/hooks';

/** Ms since the Unix epoch, anew every second: for ages and countdowns. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
