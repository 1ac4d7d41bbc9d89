/** What the plain face takes and gives, as schemas: they check requests, and /openapi.json shows them. */
import { z } from "zod";
import { normalizes } from "../model/pooling.ts";
import { defaultDepth, depthSchema } from "./algorithm-request.ts";

/** Images of one request. */
export const mostImages = 256;

const name = z
  .string({ error: "expected a text" })
  .min(1, "is empty")
  .max(1024, "is longer than 1024 characters")
  .meta({ description: "What the answer calls the image." });

const inlineImage = z.strictObject({
  name: name.optional(),
  base64: z.string().meta({ description: "The file's bytes." }),
});
const addressedImage = z.strictObject({
  name: name.optional(),
  url: z.string().meta({ description: "data:// of the store; http(s):// where the server allows it." }),
});
export const requestedImage = z.union([inlineImage, addressedImage], {
  error: 'expected {"base64": …} or {"url": …}, each with a "name" or without',
});

export const depthOption = depthSchema.default(defaultDepth);
export const normalizeOption = z
  .enum(normalizes, { error: `there is no such norm; use ${normalizes.join(" or ")}` })
  .default("none")
  .meta({ description: "l2: vectors are divided by their Euclidean length." });

export const featuresRequest = z.strictObject(
  {
    images: z
      .array(requestedImage, { error: "expected a list of images" })
      .min(1, "is an empty list; send at least one image")
      .max(mostImages, `more than ${mostImages} images; send them in parts`),
    depth: depthOption,
    normalize: normalizeOption,
  },
  { error: 'expected {"images": […], "depth"?: …, "normalize"?: …}' },
);

/** Options beside bytes: in the query, or in fields of a form. */
export const featuresQuery = z.strictObject({
  depth: z.preprocess(
    (value) => (typeof value === "string" && /^\d{1,4}$/.test(value) ? Number(value) : value),
    depthOption,
  ),
  normalize: normalizeOption,
});

const featureRow = z.object({
  image_path: z.string().meta({ description: "The image's name." }),
  feature_vector: z
    .array(z.number())
    .meta({ description: "512 numbers at depths 18 and 34, 2048 at 50, 101 and 152." }),
});
const errorRow = z.object({
  image_path: z.string(),
  error: z.object({ code: z.string(), message: z.string() }),
});

export const featuresResponse = z.object({
  depth: depthSchema,
  features: z.array(z.union([featureRow, errorRow])).meta({ description: "One an image, in their order." }),
});

/** RFC 9457. */
export const problem = z
  .object({
    type: z.string().meta({ description: "urn:residual:error: and the code." }),
    title: z.string().meta({ description: "The status in words." }),
    status: z.number().int(),
    detail: z.string().meta({ description: "What is wrong, and what would be right." }),
    code: z.string(),
    request_id: z.string(),
  })
  .meta({ description: "Problem Details for HTTP APIs (RFC 9457)." });
