/** What a caller says and hears of downloads: types of the public API, free of what only some runtimes have. */

/** How far a download is, in bytes; `total` is undefined where the server does not say it. */
export interface DownloadProgress {
  readonly file: string;
  readonly received: number;
  readonly total: number | undefined;
}

/** Where pretrained weights come from, and what is told meanwhile. */
export interface FetchOptions {
  /** Fetch nothing: weights must be here. Unless told, what the environment's RESIDUAL_OFFLINE says (1 or 0). */
  readonly offline?: boolean;
  /** The address that pretrained files lie below, in place of PyTorch's; unless told, the environment's RESIDUAL_MIRROR. */
  readonly mirror?: string | URL;
  /** Told how far a download is: when it begins and ends, and at most ten times a second. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}
