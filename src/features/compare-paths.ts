/** The order of paths, whatever the machine's language: folder by folder, each name by its code units, as a walk through sorted folders meets them. */
export function comparePaths(a: string, b: string): number {
  const [left, right] = [a.replaceAll("/", "\0"), b.replaceAll("/", "\0")];
  return left < right ? -1 : left > right ? 1 : 0;
}
