/** `/openapi.json`: the service described, its schemas made of those that check the requests. */
import { z } from "zod";
import { featuresQuery, featuresRequest, featuresResponse, problem } from "./feature-schemas.ts";

function schemaOf(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

const json = (name: string): object => ({ "application/json": { schema: { $ref: `#/components/schemas/${name}` } } });
const problems = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
const bytes = { schema: { type: "string", format: "binary" } };
const failure = (description: string): object => ({ description, content: problems });

/** OpenAPI 3.1. `version` is the package's. */
export function openApi(version: string): object {
  const options = schemaOf(featuresQuery, "input") as { properties?: Record<string, object> };
  const parameters = Object.entries(options.properties ?? {}).map(([name, schema]) => ({ name, in: "query", schema }));
  return {
    openapi: "3.1.0",
    info: {
      title: "residual",
      version,
      description:
        "Feature vectors of images by the ResNets 18 to 152. Algorithmia's protocol at /v1/algo and /v1/data is served beside it.",
      license: { name: "MIT", identifier: "MIT" },
    },
    paths: {
      "/v1/features": {
        post: {
          operationId: "features",
          summary: "The feature vectors of the images in the body.",
          security: [{ key: [] }],
          parameters,
          requestBody: {
            required: true,
            content: {
              ...json("FeaturesRequest"),
              "multipart/form-data": {
                schema: { type: "object", properties: { image: { type: "array", items: bytes.schema } } },
              },
              "application/octet-stream": bytes,
              "image/*": bytes,
            },
          },
          responses: {
            200: {
              description: "One row an image; a bad one has an error in its place.",
              content: json("FeaturesResponse"),
            },
            400: failure("The request is not right."),
            401: failure("The key is missing or not known."),
            408: failure("The body came too slowly."),
            413: failure("The body is too large."),
            415: failure("A body of another kind."),
            422: failure("No image of the request could be read."),
            503: failure(
              "Busy, stopping, out of time, or the network cannot be had; Retry-After says when to come again.",
            ),
          },
        },
      },
      "/healthz": { get: { summary: "The process lives.", responses: { 200: { description: "It does." } } } },
      "/readyz": {
        get: {
          summary: "Requests are welcome.",
          responses: {
            200: { description: "They are." },
            503: failure("Networks are being loaded, or the server stops."),
          },
        },
      },
      "/metrics": {
        get: { summary: "Numbers for Prometheus.", responses: { 200: { description: "Its text format." } } },
      },
    },
    components: {
      schemas: {
        FeaturesRequest: schemaOf(featuresRequest, "input"),
        FeaturesResponse: schemaOf(featuresResponse, "output"),
        Problem: schemaOf(problem, "output"),
      },
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
    },
  };
}
