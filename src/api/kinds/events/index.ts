/** The resources of the group events, one file a kind. */
import type { KindStrategy } from "../generic.ts";
import { eventStrategy } from "./event.ts";

/** Strategies by resource. */
export const eventsStrategies: Readonly<Record<string, KindStrategy>> = { events: eventStrategy };
