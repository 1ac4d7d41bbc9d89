/** What `/metrics` tells Prometheus. No label names a user, a key or a file. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export interface Gauges {
  readonly requests: () => number;
  readonly waiting: () => number;
  readonly bodyBytes: () => number;
  readonly modelBytes: () => number;
  readonly models: () => number;
}

export class ServerMetrics {
  readonly registry = new Registry();
  readonly requests = new Counter({
    name: "residual_http_requests_total",
    help: "Requests answered, by route, method and status.",
    labelNames: ["route", "method", "status"],
    registers: [this.registry],
  });
  readonly seconds = new Histogram({
    name: "residual_http_request_seconds",
    help: "Time from a request's headers to the end of its answer's headers, by route.",
    labelNames: ["route"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.registry],
  });
  readonly images = new Counter({
    name: "residual_images_total",
    help: "Images whose vector was computed (done) or that could not be read (error), by depth.",
    labelNames: ["depth", "outcome"],
    registers: [this.registry],
  });
  readonly batch = new Histogram({
    name: "residual_batch_images",
    help: "Images of a run of a network, by depth.",
    labelNames: ["depth"],
    buckets: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32],
    registers: [this.registry],
  });
  readonly run = new Histogram({
    name: "residual_run_seconds",
    help: "Time of a run of a network, by depth.",
    labelNames: ["depth"],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  readonly loads = new Counter({
    name: "residual_model_loads_total",
    help: "Networks loaded, by depth.",
    labelNames: ["depth"],
    registers: [this.registry],
  });
  readonly evictions = new Counter({
    name: "residual_model_evictions_total",
    help: "Networks let go of for want of room, by depth.",
    labelNames: ["depth"],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Values that are read when they are asked for. */
  observe(gauges: Gauges): void {
    const gauge = (name: string, help: string, read: () => number): void => {
      const made: Gauge = new Gauge({ name, help, registers: [this.registry], collect: (): void => made.set(read()) });
    };
    gauge("residual_requests_under_way", "Requests that are worked on or wait.", gauges.requests);
    gauge("residual_images_waiting", "Images that wait for room to be read.", gauges.waiting);
    gauge("residual_body_bytes", "Bytes of bodies in memory.", gauges.bodyBytes);
    gauge("residual_model_bytes", "Bytes that loaded networks hold.", gauges.modelBytes);
    gauge("residual_models_loaded", "Networks that are loaded.", gauges.models);
  }
}
