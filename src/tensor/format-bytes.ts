/** An amount of memory as people read it: `6400 bytes`, `1.5 MiB`, `4.00 GiB`. Whole bytes below 1 MiB, where limits are met exactly. */
export function formatBytes(bytes: number): string {
  if (bytes < 2 ** 20) return `${bytes} bytes`;
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
