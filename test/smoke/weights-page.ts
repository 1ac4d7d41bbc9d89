// Downloads in a browser, as a page offers them to whoever drives it: pretrained weights by name into the site's private files, and weights
// read from an address. The table gets an entry for tiny, since what it names cannot be fetched in a test.
import { openModel } from "residual";
import { type PretrainedFile, pretrained } from "../../src/model/pretrained.ts";
import { cachedStateOf, filesNamed, removeListed, verifyListed } from "../../src/model/weights-cache.ts";

export interface OpenedWeights {
  /** The file's name in the model's facts, or the error's message. */
  readonly weights?: string;
  readonly error?: string;
  readonly features?: number;
  /** The numbers of the image's vector. */
  readonly vector?: number[];
  /** Bytes told by the first and the last progress. */
  readonly progress: number[];
  readonly notices: string[];
}

const weightsPage = {
  /** Puts an entry into the table. */
  table(entry: PretrainedFile): void {
    const table: Record<string, readonly PretrainedFile[]> = pretrained;
    table.tiny = [entry];
  },
  /** Opens tiny, by a mirror or an address; gives up so many milliseconds after the first bytes if told. */
  async open(from: {
    mirror?: string;
    address?: string;
    abortAfter?: number;
    offline?: boolean;
  }): Promise<OpenedWeights> {
    const told: number[] = [];
    const notices: string[] = [];
    const controller = new AbortController();
    const { mirror, address, abortAfter, offline } = from;
    try {
      const model = await openModel({
        ...{ model: "tiny", device: "reference", mirror, offline, signal: controller.signal },
        weights: address === undefined ? "IMAGENET1K_V1" : new URL(address),
        onWarning: (notice) => notices.push(notice),
        onProgress: ({ received }) => {
          told.push(received);
          if (abortAfter !== undefined) setTimeout(() => controller.abort(new Error("given up")), abortAfter);
        },
      });
      const pixels = { width: 64, height: 64, data: new Uint8ClampedArray(4 * 64 * 64).map((_, i) => i % 251) };
      const { vector } = await model.features(pixels);
      const { weights, features } = model.info;
      model.dispose();
      return { weights, features, vector: [...vector], progress: [told.at(0) ?? 0, told.at(-1) ?? 0], notices };
    } catch (error) {
      return { error: String(error), progress: [told.at(0) ?? 0, told.at(-1) ?? 0], notices };
    }
  },
  verify: (file: string) => verifyListed(filesNamed(file)[0]!).catch(String),
  state: (file: string) => cachedStateOf(filesNamed(file)[0]!),
  remove: (file: string) => removeListed(filesNamed(file)[0]!),
};

declare global {
  var weightsOnPage: typeof weightsPage;
}
globalThis.weightsOnPage = weightsPage;
