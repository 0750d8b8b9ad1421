import type { Metrics } from "./ports.ts";

export declare function createMetrics(): Metrics;
