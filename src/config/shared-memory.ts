/** True for a shm:// source of which neither its keys nor its URI say the size. */
export function lacksSize(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { source, ...settings } = value as Readonly<Record<string, unknown>>;
  if (typeof source !== 'string' || !source.startsWith('shm:///')) return false;
  const query = new URLSearchParams(source.split('?')[1] ?? '');
  return ['width', 'height'].some((side) => settings[side] === undefined && !query.has(side));
}
