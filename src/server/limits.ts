/** What bounds the service: every number of it that an operator may set, with its default. */

/** The hosted service's name on Algorithmia. */
export const algorithmName = "imageclassification/ResNetFeatureExtraction";

export interface ServerLimits {
  /** Requests that are worked on or wait; one more is answered 503. */
  readonly requests: number;
  /** Images of one run of the network. */
  readonly batch: number;
  /** Milliseconds that a run waits for the next image that is being decoded; 0: never. */
  readonly batchWait: number;
  /** Bytes of a body that holds a request or images (10 MB on Algorithmia), and of an image that is fetched. */
  readonly bodyBytes: number;
  /** Bytes of a file that is put into the store, and of one that is read as an image. */
  readonly fileBytes: number;
  /** Bytes of the answer to a list of images (15 MB on Algorithmia); a folder's answer is streamed and has none. */
  readonly answerBytes: number;
  /** Seconds that a request may take, where it does not say less. */
  readonly timeout: number;
  /** Bytes that models may hold; the least recently used goes first. */
  readonly modelBytes: number;
  /** Seconds until a body must have come that is small; a large one may take as long as its bytes at `slowestBody` bytes a second. */
  readonly bodySeconds: number;
  /** Seconds that requests under way are given at the end. */
  readonly graceSeconds: number;
}

export const MiB = 2 ** 20;

export const defaultLimits: ServerLimits = {
  requests: 128,
  batch: 8,
  batchWait: 10,
  bodyBytes: 10 * MiB,
  fileBytes: 256 * MiB,
  answerBytes: 15 * MiB,
  timeout: 300,
  modelBytes: 2048 * MiB,
  bodySeconds: 20,
  graceSeconds: 30,
};

/** The least bytes a second, on average, of a body that takes longer than `bodySeconds`. */
export const slowestBody = 32 * 1024;

/** Bytes of all bodies that are held in memory at once, in bodies of the greatest size. */
export const bodiesAtOnce = 32;
