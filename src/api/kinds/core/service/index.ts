/** Services: their strategy and how they are shown. Addresses and node ports are handed out by the API server. */
export { serviceStrategy } from "./strategy.ts";
