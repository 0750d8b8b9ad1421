/** Programs beside the scheduler that filter, score, choose victims and bind, asked by HTTP. */
export { type ExtendedCycle, runExtended } from "./extended-cycle.ts";
export type { Extender, ExtenderFiltered, Victims } from "./extender.ts";
export { extenderBinder } from "./extender-binder.ts";
export { createHttpExtender } from "./http-extender.ts";
