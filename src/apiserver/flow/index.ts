/**
 * How many requests are worked on at once, which of them come first, and what happens to those above the bound: API priority
 * and fairness, or plain limits.
 */
export { flowDumps } from "./debug-dumps.ts";
export { FlowController } from "./flow-controller.ts";
export { InFlightLimiter, type InFlightLimits, inFlightLimits } from "./in-flight.ts";
export type { Flow, LimitedRequest, Limiter, Seat } from "./limiter.ts";
export { type ListQuestion, ListSeats } from "./list-seats.ts";
