/** Connections from the API server to others, and one HTTP request on such a connection; failures in the original's words. */
export { DialError, dial, dialText, joinHostPort, type OnwardRequest, requestOn } from "./dial.ts";
