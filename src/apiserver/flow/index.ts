/** How many requests are worked on at once, and what happens to those above the bound. */
export { InFlightLimiter, type InFlightLimits } from "./in-flight.ts";
