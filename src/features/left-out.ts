/** What a folder or an archive holds besides images: counted, and said in one line. */

/** What was left out of a folder or an archive, for those who report it. */
export interface LeftOut {
  readonly folder: string;
  /** Names of entries that are no images by their suffix. */
  readonly otherFiles: readonly string[];
  /** Where subfolders are not looked into. */
  readonly subfolders: readonly string[];
  readonly hidden: number;
}

const imageSuffix = /\.(jpe?g|jfif|png|webp|gif)$/i;

export function isImageName(name: string): boolean {
  return imageSuffix.test(name);
}

/** Gathers what one folder or archive is not asked for. */
export class LeftOutCounter {
  readonly folder: string;
  readonly #otherFiles: string[] = [];
  readonly #subfolders: string[] = [];
  #hidden = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  otherFile(name: string): void {
    this.#otherFiles.push(name);
  }

  subfolder(name: string): void {
    this.#subfolders.push(name);
  }

  hidden(count = 1): void {
    this.#hidden += count;
  }

  /** Undefined where nothing was left out. */
  get result(): LeftOut | undefined {
    if (this.#otherFiles.length + this.#subfolders.length + this.#hidden === 0) return undefined;
    const { folder } = this;
    return { folder, otherFiles: this.#otherFiles, subfolders: this.#subfolders, hidden: this.#hidden };
  }
}

/** One line for a person. */
export function describeLeftOut(left: LeftOut): string {
  return `${left.folder}: left out ${partsOfLeftOut(left)}`;
}

export function partsOfLeftOut({ otherFiles, subfolders, hidden }: LeftOut): string {
  const some = (names: readonly string[]) => `(${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""})`;
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const parts: string[] = [];
  if (otherFiles.length > 0) parts.push(`${count(otherFiles.length, "file")} of another suffix ${some(otherFiles)}`);
  if (subfolders.length > 0) parts.push(`${count(subfolders.length, "subfolder")} ${some(subfolders)}`);
  if (hidden > 0) parts.push(`${hidden} hidden`);
  return parts.join(", ");
}
